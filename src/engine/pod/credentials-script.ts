/**
 * Functions that write the files by which Git and container tools know who a step is. POSIX shell, for busybox ash, dash
 * and bash. Read by the wrapper of a step (or run by itself) with calls of these functions after them: what is secret is
 * read from the mounted Secrets and stands neither in the script nor in an argument or a variable that children inherit.
 */
const library = `#!/bin/sh
umask 077
if [ -x /tekton/bin/busybox ]; then tool=/tekton/bin/busybox; else tool=; fi
creds=/tekton/creds auths=
$tool mkdir -p "$creds" || exit 74

# Of the secret $1 the key $2, without newlines at its end.
value() { printf %s "$($tool cat "/tekton/creds-secrets/$1/$2" 2>/dev/null)"; }
percent() { $tool od -An -v -tx1 | $tool tr -d ' \\n' | $tool sed 's/../%&/g'; }
quoted() { $tool sed 's/[\\\\"]/\\\\&/g'; }

# Secret, URL, and whether the URL has a path.
git_password() {
  printf '[credential "%s"]\\n\\thelper = store\\n\\tusername = "%s"\\n' "$2" "$(value "$1" username | quoted)"
  [ -z "$3" ] || printf '\\tuseHttpPath = true\\n'
  user=$(value "$1" username | percent) password=$(value "$1" password | percent)
  printf '%s://%s:%s@%s\\n' "\${2%%://*}" "$user" "$password" "\${2#*://}" >>"$creds/.git-credentials"
} >>"$creds/.gitconfig"

# Secret, host, port, and a path on the host where the key is for that alone.
git_key() {
  $tool mkdir -p "$creds/.ssh"
  printf '%s\\n' "$(value "$1" ssh-privatekey)" >"$creds/.ssh/id_$1"
  alias=$2 checking=
  if [ -n "$4" ]; then
    alias=$1.$2
    {
      printf '[url "ssh://git@%s/%s"]\\n' "$alias" "$4"
      printf '\\tinsteadOf = git@%s:%s\\n\\tinsteadOf = ssh://git@%s/%s\\n' "$2" "$4" "$2" "$4"
    } >>"$creds/.gitconfig"
  fi
  if [ -s "/tekton/creds-secrets/$1/known_hosts" ]; then
    printf '%s\\n' "$(value "$1" known_hosts)" >>"$creds/.ssh/known_hosts"
  else
    checking='    StrictHostKeyChecking accept-new\\n'
  fi
  {
    printf 'Host %s\\n    HostName %s\\n    Port %s\\n' "$alias" "$2" "$3"
    printf '    IdentityFile "%s/.ssh/id_%s"\\n    UserKnownHostsFile "%s/.ssh/known_hosts"\\n' "$HOME" "$1" "$HOME"
    printf "$checking"
  } >>"$creds/.ssh/config"
}

add_auths() { [ -z "$1" ] || auths=\${auths:+$auths,}$1; }
# Secret, registry.
registry_password() {
  user=$(value "$1" username | quoted) password=$(value "$1" password | quoted)
  auth=$({ value "$1" username; printf :; value "$1" password; } | $tool base64 | $tool tr -d '\\n')
  add_auths "$(printf '"%s":{"username":"%s","password":"%s","auth":"%s"}' "$2" "$user" "$password" "$auth")"
}
# A .dockercfg is what stands under "auths" in a config.json.
registry_list() {
  list=$(value "$1" .dockercfg)
  list=\${list#*\\{}
  add_auths "\${list%\\}*}"
}
registry_config() { add_auths "$(value "$1" .dockerconfigjson | $tool awk "$auths_of")"; }
registry_file() { $tool mkdir -p "$creds/.docker"; value "$1" .dockerconfigjson >"$creds/.docker/config.json"; }

# Prints what stands between the braces of the member "auths" of a JSON object.
auths_of='
{ text = text $0 " " }
END {
  for (at = 1; at <= length(text); at++) {
    c = substr(text, at, 1)
    if (inside) {
      if (c == "\\\\") at++
      else if (c == "\\"") { inside = 0; word = substr(text, from, at - from) }
    } else if (c == "\\"") { inside = 1; from = at + 1 }
    else if (c == "{" || c == "[") { if (++depth == 2 && c == "{" && word == "auths") start = at + 1 }
    else if (c == "}" || c == "]") {
      if (depth-- == 2 && start) { print substr(text, start, at - start); exit }
    }
    else if (c == "," && depth == 1) word = ""
  }
}'

finish() {
  if [ -n "$auths" ]; then
    $tool mkdir -p "$creds/.docker"
    printf '{"auths":{%s}}\\n' "$auths" >"$creds/.docker/config.json"
  fi
  $tool mkdir -p "$HOME" && $tool cp -R "$creds/." "$HOME/"
}
`;

/** The script that makes `calls`: each the name of a function of the library and its arguments. */
export function credentialsScript(calls: readonly (readonly [string, ...string[]])[]): string {
  const lines = calls.map((words) => words.map((word, index) => (index === 0 ? word : shellQuoted(word))).join(' '));
  return `${library}\n${lines.join('\n')}\nfinish\n`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
