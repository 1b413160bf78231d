/** WebKitGTK, Safari's engine, by WebDriver (Debian: webkit2gtk-driver, xvfb). */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { browsers } from '../../scripts/everywhere/places.mjs';
import { which } from '../../scripts/lib/run.mjs';

const browser = browsers.find(({ name }) => name === 'WebKitGTK')?.find();
/** Why tests in WebKit are left out; empty where it is there. */
export const webkitAbsent = browser && which('WebKitWebDriver') && which('Xvfb') ? '' : ' (absent: no WebKitWebDriver)';

/** A tab of WebKit. */
export interface WebKit {
  goto(url: string): Promise<unknown>;
  /** The value of an expression, awaited in the page. */
  evaluate(expression: string): Promise<unknown>;
  /** An element as it is seen, as a PNG. */
  picture(selector: string): Promise<Buffer>;
  close(): Promise<void>;
}

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise((done) => child.once('exit', done));
  if (child.exitCode === null && child.kill()) await exit;
}

/** Starts a display that nobody sees; `name` is what DISPLAY says of it. */
async function startDisplay(): Promise<{ display: ChildProcess; name: string }> {
  const words = ['-displayfd', '3', '-screen', '0', '1400x950x24', '-nolisten', 'tcp'];
  const display = spawn('Xvfb', words, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const number = await new Promise<string>((done, failed) => {
    (display.stdio[3] as Readable).once('data', (data) => done(String(data).trim()));
    display.once('exit', (code) => failed(new Error(`Xvfb ended with ${code}`)));
  });
  return { display, name: `:${number}` };
}

export async function startWebKit(): Promise<WebKit> {
  const [{ display, name }, port] = await Promise.all([startDisplay(), freePort()]);
  // As root WebKit's own sandbox does not start.
  const env = { DISPLAY: name, LIBGL_ALWAYS_SOFTWARE: '1', WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' };
  const driver = spawn('WebKitWebDriver', [`--port=${port}`], { env: { ...process.env, ...env }, stdio: 'ignore' });
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      body: body ? JSON.stringify(body) : null,
    });
    const { value } = (await response.json()) as { value: { error?: string; message?: string } | null };
    if (value?.error) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  const listening = async (): Promise<void> => {
    while (driver.exitCode === null && !(await call('GET', '/status').catch(() => undefined)))
      await new Promise((next) => setTimeout(next, 50));
  };
  await listening();
  const options = { binary: browser, args: ['--automation'] };
  const capabilities = { alwaysMatch: { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': options } };
  const { sessionId } = (await call('POST', '/session', { capabilities })) as { sessionId: string };
  const session = `/session/${sessionId}`;
  await call('POST', `${session}/timeouts`, { script: 600_000, pageLoad: 120_000 });
  return {
    goto: (url) => call('POST', `${session}/url`, { url }),
    async evaluate(expression) {
      const script = `const done = arguments[0];
        Promise.resolve().then(async () => (${expression})).then((value) => done([value]), (error) => done([, String(error)]));`;
      const [value, error] = (await call('POST', `${session}/execute/async`, { script, args: [] })) as unknown[];
      if (error) throw new Error(String(error));
      return value;
    },
    async picture(selector) {
      const found = await call('POST', `${session}/element`, { using: 'css selector', value: selector });
      const [element] = Object.values(found as Record<string, string>);
      return Buffer.from(String(await call('GET', `${session}/element/${element}/screenshot`)), 'base64');
    },
    async close() {
      await call('DELETE', session);
      await ended(driver);
      await ended(display);
    },
  };
}
