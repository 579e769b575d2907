import type { Clock } from '../../base/clock.ts';
import type { HostSystem } from './host-system.ts';
import type { OutputPipes } from './output-pipes.ts';

/** What one container is run with. */
export interface ProcessContext {
  readonly clock: Clock;
  readonly host: HostSystem;
  readonly pipes: OutputPipes;
  readonly id: string;
  readonly home: string;
  readonly searchPath: string;
  /** Folders of the host's own search path that a sandbox does not have. */
  readonly hidden: readonly string[];
  readonly asRoot: boolean;
}
