/**
 * Runs commands one after another in this process, each as a shell would run it in its own process, so that modules are
 * loaded only once. The reply to a message { argv, interrupt, fault } is { code, out, err }.
 */
import { readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';

const cli = new URL('../../dist/cli.js', import.meta.url).href;
const handle = await open(new URL(import.meta.url));
const methods = Object.getPrototypeOf(handle);
await handle.close();
const { write, writev, sync } = methods;

/** Simulated file faults: 'full' refuses every byte, 'unflushed' accepts them and fails to flush them. */
const faults = {
  full: () => {
    methods.write = async () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
    };
    methods.writev = methods.write;
  },
  unflushed: () => {
    methods.sync = async () => {
      throw Object.assign(new Error('EDQUOT: disk quota exceeded, fsync'), { code: 'EDQUOT', syscall: 'fsync' });
    };
  },
};

/** Sends Ctrl-C as soon as the command listens for it, or has started a file. */
function interruptSoon(when, before) {
  const hasBegun = () => readdirSync('.').some((name) => /\.(tmp|part)$/.test(name) && !before.includes(name));
  if (process.listenerCount('SIGINT') > 0 && (when === 'listening' || hasBegun())) process.emit('SIGINT', 'SIGINT', 2);
  else waiting = setImmediate(interruptSoon, when, before);
}
let waiting;

let count = 0;
process.on('message', async ({ argv, interrupt, fault, cwd }) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal);
  process.chdir(cwd);
  process.argv = [process.argv[0], cli, ...argv];
  process.exitCode = undefined;
  let [out, err] = ['', ''];
  const [toOut, toErr] = [process.stdout.write, process.stderr.write];
  const taking =
    (take) =>
    (text, ...rest) => {
      take(String(text));
      rest.find((one) => typeof one === 'function')?.();
      return true;
    };
  process.stdout.write = taking((text) => {
    out += text;
  });
  process.stderr.write = taking((text) => {
    err += text;
  });
  if (interrupt) waiting = setImmediate(interruptSoon, interrupt, readdirSync('.'));
  faults[fault]?.();
  try {
    await import(`${cli}?${count++}`);
  } catch (error) {
    err += `thrown: ${error?.stack}`;
  } finally {
    clearImmediate(waiting);
    Object.assign(methods, { write, writev, sync });
    Object.assign(process.stdout, { write: toOut });
    Object.assign(process.stderr, { write: toErr });
  }
  process.send({ code: Number(process.exitCode ?? 0), out, err });
  process.exitCode = undefined;
});
process.send('ready');
