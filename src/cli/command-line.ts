/** The command line as files record it: what was typed, without secrets; as one would type it. */
import { inShell, parseAddress } from '../entries/command.node.js';
import { visible } from './visible.js';

export { inShell };

const hidden = '***';

/** Replaces tokens and passwords in the words of a command line, because streams and reports are shared. */
export function withoutSecrets(words: readonly string[]): string[] {
  return words.map((word, i) => {
    if (words[i - 1] === '--token') return hidden;
    const [, flag = '', value = word] = /^(--[a-z-]+=)(.*)$/s.exec(word) ?? [];
    if (flag === '--token=') return flag + hidden;
    // An address that cannot be parsed may still contain a password.
    if (/^(nats|tls|wss?):\/\/.*@/s.test(value))
      return flag + (parseAddress(value)?.address ?? value.replace(/\/\/.*@/s, `//${hidden}@`));
    return word;
  });
}

/** The command line on one line, with control characters made visible. A resumed run has the same command line. */
export const commandLine = (): string =>
  visible(
    [
      'ewald',
      ...withoutSecrets(process.argv.slice(2))
        .filter((word) => word !== '--resume')
        .map(inShell),
    ].join(' '),
  );
