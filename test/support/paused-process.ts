/** What a process that can be paused gets from outside reaches it when it is woken. */
import type { PausableProcess } from '../../src/controller/memory-leases.ts';
import type { RawWatchEvent, Transport } from '../../src/kube/transport.ts';
import type { FetchLike } from '../../src/net/outgoing-fetch.ts';

export function throughProcess(transport: Transport, process: PausableProcess): Transport {
  const events = async function* (source: AsyncIterable<RawWatchEvent>): AsyncGenerator<RawWatchEvent> {
    for await (const event of source) {
      await process.running();
      yield event;
    }
  };
  return async (request) => {
    const answer = await transport(request);
    await process.running();
    const { body } = answer;
    return body.kind === 'watch' ? { ...answer, body: { ...body, events: events(body.events) } } : answer;
  };
}

export function fetchThroughProcess(fetch: FetchLike, process: PausableProcess): FetchLike {
  return async (input, init) => {
    const answer = await fetch(input, init);
    await process.running();
    return answer;
  };
}
