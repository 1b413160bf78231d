/** What a client does not take is not kept: its next request is answered when it has taken the answer before it. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RequestQueue } from '../../src/server/send.js';

const body = Buffer.alloc(2 ** 20);
const made: ServerResponse[] = [];
/** Answers that were made while one before it was not taken. */
let ahead = 0;
const turns = new RequestQueue();
const server = createServer((request, response) =>
  turns.take(response, request.socket, async () => {
    if (made.some((one) => !one.writableFinished)) ahead++;
    made.push(response);
    response.end(body);
  }),
);
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());

/** A client that sends many requests before it reads an answer. */
function client(requests: number) {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(requests));
  return socket;
}

test('one answer of a connection is under way, and a client that takes them has all', async () => {
  const socket = client(60);
  let bytes = 0;
  for await (const piece of socket) {
    bytes += (piece as Buffer).length;
    if (bytes >= 60 * body.length) break;
  }
  expect([made.length, ahead]).toEqual([60, 0]);
});

test('a client that sends many requests and takes nothing is disconnected', async () => {
  made.length = 0;
  const socket = client(2000);
  socket.on('error', () => undefined);
  await once(socket.resume(), 'close');
  expect(made.length).toBeLessThan(65);
});
