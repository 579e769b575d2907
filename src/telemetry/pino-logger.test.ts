import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../base/virtual-clock.ts';
import type { Logger } from './logger.ts';
import { MemoryLogger } from './memory-logger.ts';
import { createLogger, type LogLevel } from './pino-logger.ts';
import { redacted } from './redact.ts';

function logged(level: LogLevel, use: (logger: Logger) => void): unknown[] {
  const lines: string[] = [];
  use(createLogger({ level, clock: new VirtualClock(), destination: { write: (line) => lines.push(line) } }));
  assert.ok(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1));
  return lines.map((line) => JSON.parse(line) as unknown);
}

describe('createLogger', () => {
  it('writes a JSON object a line, with the time of its clock', () => {
    const lines = logged('info', (logger) => {
      logger.info('started', { port: 8080 });
      logger.warn('two\nlines');
    });
    assert.deepEqual(lines, [
      { level: 'info', time: '2026-01-01T00:00:00.000Z', port: 8080, msg: 'started' },
      { level: 'warn', time: '2026-01-01T00:00:00.000Z', msg: 'two\nlines' },
    ]);
  });

  it('writes what is important enough', () => {
    const speak = (logger: Logger): void => {
      logger.debug('debug');
      logger.info('info');
      logger.warn('warn');
      logger.error('error');
    };
    const counts = (['debug', 'info', 'warn', 'error', 'silent'] as const).map((level) => logged(level, speak).length);
    assert.deepEqual(counts, [4, 3, 2, 1, 0]);
  });

  it('adds the fields of its parents, and never writes a secret', () => {
    const lines = logged('debug', (logger) => {
      const child = logger.child({ room: 'forge', token: 'hunter2' }).child({ host: 'git.example' });
      child.error('request failed', { headers: { authorization: 'hunter2' }, url: 'https://u:hunter2@git.example' });
    });
    assert.deepEqual(lines, [
      {
        level: 'error',
        time: '2026-01-01T00:00:00.000Z',
        room: 'forge',
        token: redacted,
        host: 'git.example',
        headers: { authorization: redacted },
        url: `https://${redacted}@git.example`,
        msg: 'request failed',
      },
    ]);
  });
});

describe('MemoryLogger', () => {
  it('keeps the lines of its children too, without secrets', () => {
    const logger = new MemoryLogger();
    logger.info('one');
    logger.child({ room: 'store' }).child({ part: 'log' }).error('two', { password: 'hunter2' });
    assert.deepEqual(logger.lines, [
      { level: 'info', message: 'one', fields: {} },
      { level: 'error', message: 'two', fields: { room: 'store', part: 'log', password: redacted } },
    ]);
    assert.deepEqual(logger.messages('error'), ['two']);
  });
});
