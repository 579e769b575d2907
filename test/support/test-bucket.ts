/** A server that speaks as much S3 as the store of logs uses, for tests. It checks the signature of every request. */
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Keys that the server knows. */
export const testCredentials = { accessKeyId: 'AKIDTEST', secretAccessKey: 'test/secret+key' } as const;

/** The most objects of one page of a listing. */
const pageMax = 3;

/** A bucket over HTTP. */
export interface TestBucket {
  readonly url: string;
  readonly objects: Map<string, Buffer>;
  /** Statuses that the next requests get, whatever they ask. */
  readonly failures: number[];
  refused: number;
  close(): Promise<void>;
}

/** Starts the server on a free port of this machine. */
export async function startTestBucket(bucket: string): Promise<TestBucket> {
  const objects = new Map<string, Buffer>();
  const failures: number[] = [];
  const server: Server = createServer((request, response) => {
    void answer(request, response);
  });
  const test: TestBucket = {
    get url() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    objects,
    failures,
    refused: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const failure = failures.shift();
    if (failure !== undefined) return end(response, failure, error('InternalError'));
    if (!isSigned(request, body)) {
      test.refused++;
      return end(response, 403, error('SignatureDoesNotMatch'));
    }
    const url = new URL(request.url ?? '', test.url);
    const [, name, ...rest] = url.pathname.split('/');
    if (name !== bucket) return end(response, 404, error('NoSuchBucket'));
    const key = decodeURIComponent(rest.join('/'));
    if (request.method === 'GET' && key === '') return end(response, 200, listing(objects, url.searchParams));
    onObject(objects, request, response, key, body);
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return test;
}

function onObject(
  objects: Map<string, Buffer>,
  request: IncomingMessage,
  response: ServerResponse,
  key: string,
  body: Buffer,
): void {
  const found = objects.get(key);
  switch (request.method) {
    case 'PUT':
      if (request.headers['if-none-match'] === '*' && found) return end(response, 412, error('PreconditionFailed'));
      objects.set(key, decodedBody(request, body));
      return end(response, 200, '');
    case 'GET':
      return found ? end(response, 200, found) : end(response, 404, error('NoSuchKey'));
    case 'DELETE':
      objects.delete(key);
      return end(response, 204, '');
    default:
      return end(response, 405, error('MethodNotAllowed'));
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The content of a body, which may be sent in pieces of its own (`aws-chunked`). */
function decodedBody(request: IncomingMessage, body: Buffer): Buffer {
  if (!(request.headers['content-encoding'] ?? '').includes('aws-chunked')) return body;
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

function end(response: ServerResponse, status: number, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': typeof body === 'string' ? 'application/xml' : 'binary/octet-stream' });
  response.end(body);
}

function error(code: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
}

function listing(objects: ReadonlyMap<string, Buffer>, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token') ?? '';
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).toSorted();
  const page = keys.slice(0, pageMax);
  const more = keys.length > pageMax ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
  const contents = page.map(
    (key) =>
      `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>` +
      `<Size>${objects.get(key)?.length ?? 0}</Size></Contents>`,
  );
  const truncated = `<IsTruncated>${keys.length > pageMax}</IsTruncated>`;
  return `<?xml version="1.0"?><ListBucketResult>${truncated}${more}${contents.join('')}</ListBucketResult>`;
}

/** Signature Version 4 of Amazon, as its documentation describes it. */
function isSigned(request: IncomingMessage, body: Buffer): boolean {
  const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)$/.exec(
    request.headers.authorization ?? '',
  );
  if (match === null) return false;
  const [, keyId, scope = '', signedHeaders = '', signature] = match;
  const content = String(request.headers['x-amz-content-sha256']);
  if (/^[0-9a-f]{64}$/.test(content) && content !== sha256(body)) return false;
  const url = new URL(request.url ?? '', 'http://host');
  const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).toSorted();
  const headers = signedHeaders.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [request.method, url.pathname, query.join('&'), headers.join(''), signedHeaders, content].join(
    '\n',
  );
  const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = scope
    .split('/')
    .reduce<string | Buffer>((above, part) => hmac(above, part), `AWS4${testCredentials.secretAccessKey}`);
  return keyId === testCredentials.accessKeyId && hmac(key, text).toString('hex') === signature;
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
