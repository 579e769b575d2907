/** Settings of the pods that the engine makes. */
export interface PodOptions {
  /** Image of the `prepare` container: must have a static busybox, or be ignored by the runtime. */
  readonly toolsImage: string;
  /** A shell with the usual tools that every container has; absent = `prepare` brings one into pods with wrapped steps. */
  readonly shell?: string;
  /** Longest termination message of one container, in bytes. The kubelet keeps 4096; the embedded executor 1 MiB. */
  readonly terminationMessageBytesMax: number;
  /** Longest termination messages of a pod together, in bytes, shared out evenly. The kubelet keeps 12 KiB. */
  readonly podMessageBytesMax: number;
}

/** What a kubelet allows. */
export const defaultPodOptions: PodOptions = {
  toolsImage: 'docker.io/library/busybox:1.37.0-musl',
  terminationMessageBytesMax: 4096,
  podMessageBytesMax: 12_288,
};
