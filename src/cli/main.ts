/** The command line: sets up the process for a command. */
import { inspect } from 'node:util';

// Node would precede the message by the line of the source, which in the packed package is very long.
process.on('uncaughtException', (error) => {
  process.stderr.write(`${inspect(error)}\n`);
  process.exit(1);
});
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  // A reader that closes the pipe (| head) is not an error: the work goes on, since its files and its exit code count.
  if (code === 'EPIPE') return;
  const why = code === 'ENOSPC' ? 'the disk is full' : message;
  process.stderr.write(`ewald: standard output cannot be written: ${why}\n`);
  process.exit(1);
});
try {
  const { runCommand } = await import('./program.js');
  await runCommand(process.argv.slice(2));
} catch (error) {
  // Node opens all files of a program at once. If it cannot, no code of the program has been loaded to report it except
  // this.
  const { code } = error as { code?: unknown };
  if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
  process.stderr.write(
    'ewald: too many open files in this process; ewald needs about 100: raise the limit (ulimit -n)\n',
  );
  process.exitCode = 1;
}
