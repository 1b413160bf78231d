/**
 * Runs ewald commands one after the other in this process, as requested by its parent. For tests of the output of a
 * command, this avoids starting Node and loading the program for each.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const cli = new URL('../../dist/cli.js', import.meta.url);
const [, program] = /import\(["'](\.\/[^"']+)["']\)/.exec(readFileSync(cli, 'utf8')) ?? [];
const { runCommand } = await import(new URL(program, cli).href);
// A command must not end the process of the others.
process.exit = (code) => {
  throw new Error(`a command called process.exit(${code})`);
};

process.on('message', async ({ args, cwd }) => {
  const written = { stdout: [], stderr: [] };
  const kept = {};
  for (const name of ['stdout', 'stderr']) {
    kept[name] = process[name].write;
    process[name].write = (chunk, encoding, done) => {
      written[name].push(Buffer.from(chunk));
      (typeof encoding === 'function' ? encoding : done)?.();
      return true;
    };
  }
  process.exitCode = undefined;
  process.argv = [process.execPath, fileURLToPath(cli), ...args];
  let failed;
  try {
    process.chdir(cwd);
    await runCommand(args, new AbortController().signal);
  } catch (error) {
    failed = String(error.stack);
  }
  for (const name of ['stdout', 'stderr']) process[name].write = kept[name];
  const [out, err] = [written.stdout, written.stderr].map((chunks) => Buffer.concat(chunks).toString());
  process.send({ code: process.exitCode ?? 0, out, err, failed });
});
process.send('ready');
