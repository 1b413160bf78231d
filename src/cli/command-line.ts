/** The command line as files record it: what was typed, without secrets. */
import { parseAddress } from '../executors/nats/address.js';
import { visible } from './visible.js';

const hidden = '***';

/** Words of a command line with tokens and passwords replaced: streams and reports are given to others. */
export function withoutSecrets(words: readonly string[]): string[] {
  return words.map((word, i) => {
    if (words[i - 1] === '--token') return hidden;
    const [, flag = '', value = word] = /^(--[a-z-]+=)(.*)$/s.exec(word) ?? [];
    if (flag === '--token=') return flag + hidden;
    // An address that cannot be parsed may hold a password all the same.
    if (/^(nats|tls|wss?):\/\/.*@/s.test(value))
      return flag + (parseAddress(value)?.address ?? value.replace(/\/\/.*@/s, `//${hidden}@`));
    return word;
  });
}

/** As it was typed, on one line: control characters are shown. A run that is resumed is the same run. */
export const commandLine = (): string =>
  visible(['ewald', ...withoutSecrets(process.argv.slice(2)).filter((word) => word !== '--resume')].join(' '));
