#!/usr/bin/env bash
# Gets a real kube-apiserver and etcd for the tests in test/cluster, once, into the cache folder where they look for them:
#   ${XDG_CACHE_HOME:-~/.cache}/penstock/kubebuilder/VERSION
# kube-apiserver is built from its Go modules (kube-apiserver/go.mod pins every one of them; about 1.5 GB of disk, and minutes of
# processor time), etcd is Debian's. Exit code 0: both are there. 3: they cannot be had here; the last line says why.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$(sed -n 's|^require k8s.io/kubernetes v||p' "$here/kube-apiserver/go.mod")
folder=${XDG_CACHE_HOME:-$HOME/.cache}/penstock/kubebuilder/$version

cannot() {
  echo "no real API server: $1"
  exit 3
}

obtain_etcd() {
  if [[ -x $folder/etcd || -x /usr/bin/etcd ]] || command -v etcd >/dev/null; then return 0; fi
  command -v apt-get >/dev/null || cannot 'no etcd here, and no apt-get to install etcd-server with'
  local -a as_root=()
  ((EUID == 0)) || as_root=(sudo -n)
  export DEBIAN_FRONTEND=noninteractive
  # Only the program is wanted: the package must not start a server of its own.
  ("${as_root[@]}" apt-get update -qq && cd "$folder" && apt-get download -qq etcd-server && dpkg-deb -x etcd-server_*.deb unpacked &&
    mv unpacked/usr/bin/etcd etcd) >"$folder/etcd.log" 2>&1 || cannot "etcd-server could not be had: $(tail -n 1 "$folder/etcd.log")"
  rm -rf "$folder"/unpacked "$folder"/etcd-server_*.deb
}

build_kube_apiserver() {
  [[ ! -x $folder/kube-apiserver ]] || return 0
  command -v go >/dev/null || cannot 'no go here to build kube-apiserver with'
  local package=k8s.io/component-base/version
  local flags="-s -w -X $package.gitVersion=v$version -X $package.gitMajor=${version%%.*} -X $package.gitMinor=$(cut -d. -f2 <<<"$version")"
  # One package at a time and niced: the tests run beside it. Renamed when whole, so that nobody runs half of it.
  (cd "$here/kube-apiserver" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false nice -n 19 \
    go build -p "${PENSTOCK_BUILD_JOBS:-1}" -mod=readonly -trimpath -ldflags "$flags" -o "$folder/kube-apiserver.$$" k8s.io/kubernetes/cmd/kube-apiserver) \
    >"$folder/build.log" 2>&1 || cannot "kube-apiserver did not build: $(tail -n 1 "$folder/build.log")"
  mv "$folder/kube-apiserver.$$" "$folder/kube-apiserver"
}

mkdir -p "$folder" || cannot "cannot write $folder"
# Two at a time would build it twice.
exec 9>"$folder/lock"
flock 9 2>/dev/null
obtain_etcd
build_kube_apiserver
echo "real API server: $folder/kube-apiserver ($version)"
