import { isOpen } from './time-window.ts';
import type { Gate } from './types.ts';

/** How many runs a gate lets run at once now. */
export interface Limit {
  /** `Infinity` = no limit; 0 = nothing starts. */
  readonly value: number;
  /** In words, for people: `maxRunning is 20`. */
  readonly reason: string;
}

/**
 * The limit in force: 0 while the gate is paused, outside its windows or about to go; else the window's or the gate's
 * own, lowered by what an adaptive gate has learned.
 */
export function limitOf(gate: Gate, nowMs: number): Limit {
  const { spec, status, metadata } = gate;
  if (metadata.deletionTimestamp !== undefined) return { value: 0, reason: 'the gate is being deleted' };
  if (spec.paused) return { value: 0, reason: 'the gate is paused' };
  const open = spec.windows?.filter((window) => isOpen(window, nowMs));
  if (open?.length === 0) return { value: 0, reason: 'the gate is closed at this time' };
  // Of several windows that are open the strictest holds, as of several gates. One without a limit has that of the gate.
  const own = spec.maxRunning ?? Number.POSITIVE_INFINITY;
  const fixed = open ? Math.min(...open.map(({ maxRunning = own }) => maxRunning)) : own;
  const ofWindow = open?.some(({ maxRunning }) => maxRunning === fixed);
  const adapted = spec.adaptive ? status?.adaptive : undefined;
  if (adapted && adapted.limit < fixed) return { value: adapted.limit, reason: adapted.reason };
  if (fixed === Number.POSITIVE_INFINITY) return { value: fixed, reason: 'no limit' };
  return {
    value: fixed,
    reason: ofWindow ? `maxRunning of the open window is ${fixed}` : `maxRunning is ${fixed}`,
  };
}
