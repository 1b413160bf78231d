/** What pages ask of the runs that they start: `/runs/` of a server. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isEwaldError, messageOf } from '../util/errors.js';
import type { RunInput } from './run-words.js';
import { sendPieces } from './send.js';
import type { StartedRuns } from './started-runs.js';

/** The input of a run that is asked for: an entry of the folder, or all files; undefined if there is none. */
type InputOf = (within: string, item: string) => Promise<RunInput | undefined>;

/** Answers a request that has been allowed. */
export async function answerRuns(
  runs: StartedRuns,
  inputOf: InputOf,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const say = (status: number, value: unknown): void => {
    const isText = typeof value === 'string';
    const type = isText ? 'text/plain; charset=utf-8' : 'application/json';
    response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : isText ? value : JSON.stringify(value));
  };
  try {
    const [, asked = '', name] = /^\/runs\/(\w+)(?:\/([\w-]+(?:\.\w+){1,2}))?$/.exec(path) ?? [];
    if (request.method !== 'POST') {
      if (asked === 'list') return say(200, { folder: runs.folder, runs: await runs.list() });
      if (/^\d{1,9}$/.test(asked) && name === undefined) return say(200, await runs.log(Number(asked)));
      if (/^\d{1,9}$/.test(asked) && (await sendFile(runs, Number(asked), name ?? '', request, response))) return;
      return say(404, 'There is nothing at this address.');
    }
    const body = await bodyOf(request);
    const { in: within = '', item = '', id, run } = body;
    if (asked === 'stop') return say(200, await runs.stop(id));
    if (asked === 'resume') return say(200, await runs.resume(id));
    if (asked !== 'command' && asked !== 'start') return say(404, 'There is nothing at this address.');
    const input = await inputOf(String(within), String(item));
    if (!input) return say(404, 'No run can be started of these files.');
    return say(200, asked === 'start' ? await runs.start(run, input) : await runs.offer(run, input));
  } catch (error) {
    const isConflict = isEwaldError(error) && error.detail.conflict === true;
    say(isConflict ? 409 : 400, messageOf(error).replace(/^a run: /, ''));
  }
}

interface RunBody {
  readonly in?: unknown;
  readonly item?: unknown;
  readonly id?: unknown;
  readonly run?: unknown;
}

/** What a page has sent, whose length is limited. Throws an Error for what is no JSON object. */
async function bodyOf(request: IncomingMessage): Promise<RunBody> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const body: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'));
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Error('expected a JSON object');
  return body;
}

/** Reports are pages of their own, which reach nothing of the server's; everything else is saved. */
const reportRules =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; " +
  "base-uri 'none'; form-action 'none'; sandbox allow-scripts allow-downloads; frame-ancestors 'none'";

async function sendFile(
  runs: StartedRuns,
  id: number,
  name: string,
  { method, socket }: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const file = await runs.file(id, name);
  if (!file) return false;
  try {
    const { size } = await file.stat();
    const isPage = name.endsWith('.html');
    response.setHeader('Content-Type', isPage ? 'text/html; charset=utf-8' : 'application/octet-stream');
    if (isPage) response.setHeader('Content-Security-Policy', reportRules);
    else response.setHeader('Content-Disposition', `attachment; filename="${name}"`);
    response.writeHead(200, { 'Content-Length': size, 'Cache-Control': 'no-store' });
    await sendPieces(file, [0, method === 'HEAD' ? 0 : size], response, socket);
  } finally {
    await file.close();
  }
  return true;
}
