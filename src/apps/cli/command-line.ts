/** The command line as files record it: what was typed, without secrets; and words as a shell takes them. */
import { parseAddress } from '../../entries/command.node.js';
import { visible } from './visible.js';

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

/** A word as one types it into a shell: in quotation marks, if a shell would take it apart. */
export const inShell = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The command line on one line, with control characters made visible. A resumed run has the same command line. */
export const commandLine = (): string =>
  visible(['ewald', ...withoutSecrets(process.argv.slice(2)).filter((word) => word !== '--resume')].join(' '));
