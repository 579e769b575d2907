/** A reporter for Node's test runner: one JSON object a line, for each test and for what the runner itself has to say. */
import { inspect } from 'node:util';
import type { TestEvent } from 'node:test/reporters';
import type { TestRecord } from './tally.ts';

// oxlint-disable-next-line import/no-default-export -- the runner takes a reporter as the default export
export default async function* reportEvents(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    const record = recordOf(event);
    if (record !== undefined) yield `${JSON.stringify(record)}\n`;
  }
}

function recordOf(event: TestEvent): TestRecord | undefined {
  if (event.type === 'test:diagnostic') return { type: 'said', text: event.data.message };
  if (event.type === 'test:dequeue') return { type: 'begun', name: event.data.name };
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return undefined;
  const { name, skip, todo, details } = event.data;
  const left = reasonText(skip) ?? reasonText(todo);
  if (event.type === 'test:pass' && left !== undefined) return { type: 'skipped', name, text: left };
  if (event.type === 'test:pass') return { type: details.type === 'suite' ? 'over' : 'passed', name };
  return failureOf(name, event.data.details.error);
}

function failureOf(name: string, error: Error): TestRecord | undefined {
  // A suite around failing tests: they are counted themselves.
  if ('failureType' in error && error.failureType === 'subtestsFailed') return { type: 'over', name };
  // The runner wraps what a test threw; the wrapper says nothing more.
  const thrown = error.cause ?? error;
  return { type: 'failed', name, text: thrown instanceof Error ? (thrown.stack ?? String(thrown)) : inspect(thrown) };
}

function reasonText(reason: string | boolean | undefined): string | undefined {
  if (reason === undefined || reason === false) return undefined;
  return reason === true || reason === '' ? 'no reason given' : reason;
}
