/** A network between a browser and a server: so many bytes a second in all, and so long for each way. */
import { connect, createServer } from 'node:net';

/**
 * Passes connections on; returns the address that stands for the server, and the bytes that came from it.
 * @param {string} url
 * @param {{ bytesPerS?: number, ms?: number }} [options]
 */
export async function slowNetwork(url, { bytesPerS = 2e6, ms = 20 } = {}) {
  const target = new URL(url);
  let free = 0;
  const counted = { bytes: 0 };
  const sockets = new Set();
  /** @param {import('node:net').Socket} from @param {import('node:net').Socket} to @param {boolean} isDown */
  const pass = (from, to, isDown) => {
    from.on('data', (/** @type {Buffer} */ piece) => {
      const now = performance.now();
      if (isDown) {
        counted.bytes += piece.length;
        free = Math.max(free, now) + (piece.length / bytesPerS) * 1000;
      }
      // What waits is not read further, so that a slow page slows its server.
      if (isDown && free - now > 200) {
        from.pause();
        setTimeout(() => from.resume(), free - now - 200);
      }
      setTimeout(() => to.write(piece), (isDown ? free - now : 0) + ms);
    });
    from.on('close', () => setTimeout(() => to.end(), ms + Math.max(0, free - performance.now())));
    from.on('error', () => to.destroy());
  };
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) sockets.add(socket.setNoDelay(true));
    pass(near, far, false);
    pass(far, near, true);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const near = new URL(url);
  near.port = String(/** @type {{ port: number }} */ (server.address()).port);
  return {
    url: near.href,
    counted,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
