/** An address of the page server: `/unpacked/FOLDER/NAME` is the file NAME.xz of the test data, decompressed. */
import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';

/** Browsers cannot decompress xz. */
export function unpacking(data: string): object {
  return {
    name: 'unpacking',
    configureServer: (server: {
      middlewares: { use(path: string, handle: (request: IncomingMessage, response: ServerResponse) => void): void };
    }) => {
      server.middlewares.use('/unpacked', (request, response) => {
        const name = /^\/([\w.]+\/[\w.]+)$/.exec(request.url ?? '')?.[1];
        if (name === undefined) {
          response.writeHead(404).end();
          return;
        }
        const xz = spawn('xz', ['-dc', join(data, `${name}.xz`)]);
        xz.on('error', (error) => response.destroy(error));
        xz.stdout.pipe(response);
      });
    },
  };
}
