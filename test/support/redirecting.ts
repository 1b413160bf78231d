/** Two addresses of the page server: one redirects to the other, which counts requests with an X-Api-Key. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** `/redirecting/from` → `/redirecting/to`; `/redirecting/keys` returns how many requests there had a key. */
export function redirecting(): object {
  let keys = 0;
  return {
    name: 'redirecting',
    configureServer: (server: {
      middlewares: { use(path: string, handle: (request: IncomingMessage, response: ServerResponse) => void): void };
    }) => {
      server.middlewares.use('/redirecting', (request, response) => {
        if (request.url === '/from') response.writeHead(302, { Location: '/redirecting/to' }).end();
        else if (request.url === '/keys') response.end(String(keys));
        else {
          if (request.headers['x-api-key'] !== undefined) keys++;
          const [, from = '0', to = '0'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
          const piece = Buffer.from('0123456789').subarray(Number(from), Number(to) + 1);
          response
            .writeHead(206, { 'Content-Range': `bytes ${from}-${Number(from) + piece.length - 1}/10` })
            .end(piece);
        }
      });
    },
  };
}
