/** Starts ewald's worker in a browser. */

import { callback } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { webWorkerPort } from '../../util/web-port.js';
import type { WorkerPort } from '../../util/worker-port.js';
import type { WorkerSource } from '../backends/platform.js';

/** Starts the worker next to the bundle, or the given one. */
export function startBrowserWorker(source: WorkerSource | undefined): WorkerPort {
  const { worker, foreign } = make(source);
  const remedy = foreign
    ? `it is of another origin, which has to send Access-Control-Allow-Origin; a Content-Security-Policy of the page ` +
      `has to allow it by worker-src blob: ${foreign}`
    : 'give createContext({ worker }) its URL';
  return webWorkerPort(worker, (_, reason = 'its script could not be loaded') => {
    return new EwaldError('Load', `the worker failed: ${reason}; ${remedy}`);
  });
}

/** The worker, and the origin of its script where that is not the page's. */
function make(source: WorkerSource | undefined): { worker: Worker; foreign?: string } {
  if (typeof source === 'function') {
    const worker = callback('createContext: worker', source)();
    if (worker instanceof Worker) return { worker };
    throw new EwaldError('Argument', `createContext: worker() returned ${inspect(worker)}; expected a Worker`);
  }
  const foreign = foreignScript(source);
  if (foreign) return { worker: new Worker(importing(foreign), { type: 'module' }), foreign: foreign.origin };
  // A literal, so that every bundler sees the worker; evaluated only when one is started.
  if (source === undefined)
    return { worker: new Worker(new URL('./worker.browser.js', import.meta.url), { type: 'module' }) };
  return { worker: new Worker(source, { type: 'module' }) };
}

/** The script's address if it is of another origin than the page, as packages of a CDN are. */
function foreignScript(source: string | URL | undefined): URL | undefined {
  // No literal here: bundlers would copy the script once more. What they make of import.meta.url is no address of a host.
  const own = import.meta.url;
  const at = source ?? own.replace(/[^/]*$/, 'worker.browser.js');
  if (!/^https?:/.test(`${at}`)) return undefined;
  const url = new URL(at);
  return url.origin === location.origin ? undefined : url;
}

/** Scripts of the page's origin by the address that they import. */
const imports = new Map<string, string>();

/** A script of this page that imports one of another origin, which browsers start no worker of. */
function importing({ href }: URL): string {
  const known = imports.get(href);
  if (known !== undefined) return known;
  const script = new Blob([`import ${JSON.stringify(href)};`], { type: 'text/javascript' });
  const objectURL = URL.createObjectURL(script);
  imports.set(href, objectURL);
  return objectURL;
}
