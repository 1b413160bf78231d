/** The command line: the process around a command. */
import { runCommand } from './program.js';

// A reader that goes away (| head) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
await runCommand(process.argv.slice(2));
