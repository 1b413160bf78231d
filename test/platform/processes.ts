/**
 * Child processes, and the package as npm packs it. It does not import vitest, because vitest's global setup uses it as
 * well.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root folder of the repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/** The path of a runtime that is installed: on the PATH, or in node_modules/.bin. */
export function runtimePath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(root, 'node_modules/.bin')];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly ms: number;
  /** A process that it started still exists. */
  readonly leftovers: boolean;
}

/**
 * Runs a program to its end, in a separate process group so that leftover processes can be detected; killed after
 * `seconds`.
 */
export function run(
  command: string,
  args: readonly string[],
  { cwd = root, env = {}, seconds = 120 }: { cwd?: string; env?: Record<string, string>; seconds?: number } = {},
): Promise<Ended> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    // The variables that vitest sets (NODE_ENV, VITEST) are not part of a user's environment.
    const { NODE_ENV, VITEST, VITEST_MODE, VITEST_POOL_ID, VITEST_WORKER_ID, NODE_OPTIONS, TEST, PROD, DEV, ...rest } =
      process.env;
    // Without this folder the Vulkan loader, which the WebGPU probe starts, prints a line on standard error.
    const surroundings = { XDG_RUNTIME_DIR: tmpdir(), ...rest, ...env };
    const child = spawn(command, args, { cwd, env: surroundings, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      err += text;
    });
    const end = (signal: NodeJS.Signals | 0): boolean => {
      try {
        return child.pid !== undefined && process.kill(-child.pid, signal);
      } catch {
        return false;
      }
    };
    const slow = setTimeout(() => {
      err += `ended by force after ${seconds} s\n`;
      end('SIGKILL');
    }, seconds * 1000);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(slow);
      const leftovers = end(0);
      if (leftovers) end('SIGKILL');
      // The pipes close when no process holds them.
      child.once('close', () => resolve({ code, out, err, ms: performance.now() - started, leftovers }));
    });
  });
}

/** Runs Node. */
export const node = (args: readonly string[], options?: Parameters<typeof run>[2]): Promise<Ended> =>
  run(process.execPath, args, options);

/** Runs npm: the one that started the tests, or the one on the PATH. */
export function npm(args: readonly string[], options: Parameters<typeof run>[2] = {}): Promise<Ended> {
  const cli = process.env.npm_execpath;
  const env = {
    npm_config_loglevel: 'error',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    ...options.env,
  };
  return cli?.endsWith('.js') ? node([cli, ...args], { ...options, env }) : run('npm', args, { ...options, env });
}

/** The contents of the package that npm makes. */
export interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly size: number; readonly mode: number }[];
}

/** Packs the package into `folder`, or only lists what it would pack. */
export async function pack(folder?: string): Promise<Packed> {
  const { code, out, err } = await npm([
    'pack',
    '--json',
    '--ignore-scripts',
    ...(folder ? ['--pack-destination', folder] : ['--dry-run']),
  ]);
  if (code !== 0) throw new Error(`npm pack failed: ${err}`);
  return JSON.parse(out)[0];
}
