/** Faults on the way between those who call the API and the API. */
import type { Clock } from '../../src/base/clock.ts';
import { sleep } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import type { ApiRequest, ApiResponse, RawWatchEvent, Transport } from '../../src/kube/transport.ts';
import { ConnectionError } from '../../src/net/connection-error.ts';

/** How long an answer may be held back, in ms. */
const delayMsMax = 3_000;
/** Of a hundred events of a watch, so many are the last one before the connection breaks. */
const watchBreaksPercent = 5;

/** Disturbs a part of all calls: lost on the way, answer lost, refused for now, in conflict, late. */
export class CallFaults {
  /** Of a hundred calls, so many meet a fault. */
  percent = 0;
  /** Faults that happened. */
  count = 0;
  /** Every call that was sent, whatever became of it. */
  readonly sent: ApiRequest[] = [];
  readonly #random: Random;
  readonly #clock: Clock;

  constructor(random: Random, clock: Clock) {
    this.#random = random;
    this.#clock = clock;
  }

  /** The same way, with faults. */
  disturb(transport: Transport): Transport {
    return async (request) => {
      this.sent.push(request);
      if (!this.#strikes(this.percent)) return this.#fragile(await transport(request));
      this.count++;
      switch (this.#random.integer(0, 5)) {
        case 0:
          throw new ConnectionError('NET_CONNECTION', 'socket hang up');
        case 1:
          await transport(request);
          throw new ConnectionError('NET_TIMEOUT', 'no answer in time');
        case 2:
          return refusal(500, 'InternalError', 'failed calling webhook "policy": context deadline exceeded');
        case 3:
          return refusal(429, 'TooManyRequests', 'the server is busy');
        case 4:
          return isWrite(request) ? refusal(409, 'Conflict', 'the object has been modified') : transport(request);
        default:
          await sleep(this.#clock, this.#random.integer(1, delayMsMax));
          return transport(request);
      }
    };
  }

  /** A watch that may break at any event. */
  #fragile(response: ApiResponse): ApiResponse {
    if (response.body.kind !== 'watch') return response;
    return { ...response, body: { kind: 'watch', events: this.#breaking(response.body.events) } };
  }

  async *#breaking(events: AsyncIterable<RawWatchEvent>): AsyncGenerator<RawWatchEvent> {
    for await (const event of events) {
      if (this.percent > 0 && this.#strikes(watchBreaksPercent)) {
        this.count++;
        if (this.#strikes(50)) throw new ConnectionError('NET_CONNECTION', 'socket hang up');
        return;
      }
      yield event;
    }
  }

  #strikes(percent: number): boolean {
    return percent > 0 && this.#random.integer(1, 100) <= percent;
  }
}

function isWrite({ method }: ApiRequest): boolean {
  return method === 'PUT' || method === 'PATCH';
}

function refusal(code: number, reason: string, message: string): ApiResponse {
  const value = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code };
  return { status: code, headers: {}, body: { kind: 'json', value } };
}
