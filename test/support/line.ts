/** A line between a detector and a run, which can lose what is sent, and break. */
import { createServer, type Socket, connect as tcp } from 'node:net';
import { onTestFinished } from 'vitest';

interface Observed {
  readonly events: { on(kind: string, done: () => void): unknown };
}

/** A line to an address, which can lose what is sent, and break. */
export async function lineTo(address: string) {
  const { hostname, port } = new URL(address);
  const ends = new Set<Socket>();
  let swallows = false;
  let swallowed = 0;
  const server = createServer((near) => {
    const far = tcp(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from);
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
      from.on('data', (bytes) => {
        if (swallows) swallowed += bytes.length;
        else to.write(bytes);
      });
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.close();
    for (const end of ends) end.destroy();
  });
  return {
    address: `tcp://127.0.0.1:${(server.address() as { port: number }).port}`,
    /** What is sent meanwhile is lost; then the connection breaks, and can be opened again. */
    async lose(sender: Observed, send: () => Promise<void>): Promise<void> {
      swallows = true;
      await send();
      let before = -1;
      // Everything has been lost when nothing further arrives.
      while (before !== swallowed || swallowed === 0) {
        before = swallowed;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      // The sender knows that the old line is broken, and has a new one.
      const again = Promise.all(
        ['disconnect', 'handshake'].map((kind) => new Promise<void>((resolve) => sender.events.on(kind, resolve))),
      );
      swallows = false;
      for (const end of ends) end.destroy();
      ends.clear();
      await again;
    },
  };
}
