/**
 * The pod cannot go on as the API is now: something it refers to is missing or refused. Shown in the waiting state of the
 * containers that cannot start, and tried again, since somebody may create what is missing.
 */
export class PodConfigError extends Error {
  override readonly name = 'PodConfigError';
  readonly code = 'POD_CONFIG';
  /** The waiting reason: `CreateContainerConfigError`, or `ContainerCreating` for a volume that is not there yet. */
  readonly reason: string;
  constructor(message: string, reason = 'CreateContainerConfigError') {
    super(message);
    this.reason = reason;
  }
}
