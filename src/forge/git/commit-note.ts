/**
 * The note that a commit carries in {@link notesRef}: one JSON document with what is shown of it, by context. Pure.
 */
import { isJsonObject, jsonEqual } from '../../base/json.ts';
import type { StatusReport, StatusState } from '../forge.ts';

/** Where statuses of a repository without a host around it are kept. */
export const notesRef = 'refs/notes/penstock';

/** A status in a note. */
export interface NotedStatus {
  readonly state: StatusState;
  readonly title: string;
  readonly text: string;
  readonly url?: string;
  readonly externalId: string;
  readonly startedAt?: string;
  readonly completedAt?: string;
  readonly ref?: string;
  readonly updatedAt: string;
}

/** What is shown of one commit. */
export interface CommitNote {
  readonly version: 1;
  readonly statuses: Readonly<Record<string, NotedStatus>>;
}

/** Most contexts of one commit; beyond, those that were written longest ago go. */
export const noteContextsMax = 200;
const titleLengthMax = 300;
const textLengthMax = 16_000;
/** Most bytes of a note that is read. */
export const noteBytesMax: number = 16 * 1024 * 1024;

export const emptyNote: CommitNote = { version: 1, statuses: {} };

const stateWords: Readonly<Record<StatusState, true>> = {
  queued: true,
  awaiting_approval: true,
  running: true,
  succeeded: true,
  failed: true,
  error: true,
  lost: true,
  timed_out: true,
  cancelled: true,
  skipped: true,
  superseded: true,
};

function isState(value: unknown): value is StatusState {
  return typeof value === 'string' && Object.hasOwn(stateWords, value);
}

/**
 * Reads a note. What somebody else wrote there and is no status is left out: the history of the notes keeps it, and it must
 * not keep a status from being shown.
 */
export function parseNote(text: string): CommitNote {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return emptyNote;
  }
  if (!isJsonObject(value) || !isJsonObject(value['statuses'])) return emptyNote;
  const entries = Object.entries(value['statuses']).flatMap(([context, entry]) => {
    const status = parseStatus(entry);
    return status === undefined ? [] : [[context, status] as const];
  });
  return { version: 1, statuses: Object.fromEntries(entries) };
}

function parseStatus(entry: unknown): NotedStatus | undefined {
  if (!isJsonObject(entry) || !isState(entry['state'])) return undefined;
  const { title, text, externalId, updatedAt } = entry;
  const optional = (['url', 'startedAt', 'completedAt', 'ref'] as const).flatMap((name) => {
    const value = entry[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return {
    state: entry['state'],
    title: textOf(title),
    text: textOf(text),
    externalId: textOf(externalId),
    updatedAt: textOf(updatedAt),
    ...Object.fromEntries(optional),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The note as it is stored: people read it with `git notes --ref=penstock show`. */
export function formatNote(note: CommitNote): string {
  return `${JSON.stringify(note, undefined, 2)}\n`;
}

/** A report as it is noted, cut to what a note takes. */
export function notedStatus(report: StatusReport, updatedAt: string): NotedStatus {
  const { state, externalId, detailsUrl, startedAt, completedAt, ref } = report;
  return {
    state,
    title: cut(report.title, titleLengthMax),
    text: cut(report.text, textLengthMax),
    ...(detailsUrl === undefined ? {} : { url: detailsUrl }),
    externalId,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(completedAt === undefined ? {} : { completedAt }),
    ...(ref === undefined ? {} : { ref }),
    updatedAt,
  };
}

function cut(text: string, lengthMax: number): string {
  const whole = text.toWellFormed();
  return whole.length <= lengthMax ? whole : `${whole.slice(0, lengthMax - 1).toWellFormed()}…`;
}

/** The note with this status in its context; the very same note when it says so already. */
export function withStatus(note: CommitNote, context: string, status: NotedStatus): CommitNote {
  const shown = Object.hasOwn(note.statuses, context) ? note.statuses[context] : undefined;
  if (shown !== undefined && jsonEqual({ ...shown, updatedAt: '' }, { ...status, updatedAt: '' })) return note;
  const others = Object.entries(note.statuses).filter(([name]) => name !== context);
  const kept = others
    .toSorted(([, a], [, b]) => (a.updatedAt < b.updatedAt ? -1 : a.updatedAt > b.updatedAt ? 1 : 0))
    .slice(Math.max(0, others.length - (noteContextsMax - 1)));
  const sorted = [...kept, [context, status] as const].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { version: 1, statuses: Object.fromEntries(sorted) };
}
