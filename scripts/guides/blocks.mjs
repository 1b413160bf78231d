// The blocks of a guide in Markdown, in order: commands and programs to paste, the output that follows them, and blocks
// that cannot be pasted, which state their reason in a comment before them: `<!-- not pasted: needs a detector -->`.

import { spawnSync } from 'node:child_process';

/** Debian's Python, whose packages scripts/setup.mjs installs. */
export const python = '/usr/bin/python3';

/** Languages that are pasted. */
const pasted = ['sh', 'js', 'py'];

/**
 * Blocks as { kind, code, line, reason }. `kind` is 'sh', 'js' or 'py', 'output' for what the block before it prints,
 * 'data' for another fenced block, or 'aside' for one that cannot be pasted. `line` counts from 1.
 */
export function blocksOf(text) {
  const lines = text.split('\n');
  const blocks = [];
  let reason;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    const why = /^<!-- not pasted: (.+) -->$/.exec(line)?.[1];
    if (why !== undefined) {
      reason = why;
      continue;
    }
    if (line.trim() === '') continue;
    const start = i;
    const fence = /^```(\w*)$/.exec(line)?.[1];
    const code = [];
    if (fence !== undefined) {
      for (i++; i < lines.length && lines[i] !== '```'; i++) code.push(lines[i]);
      const before = blocks.at(-1);
      const isOutput = fence === 'text' && start - (before?.end ?? -9) <= 2 && pasted.includes(before.kind);
      const kind = isOutput ? 'output' : reason !== undefined ? 'aside' : pasted.includes(fence) ? fence : 'data';
      blocks.push({ kind, code: code.join('\n'), line: start + 1, end: i + 1, reason });
    } else if (/^ {4}/.test(line) && /^\s*$|^<!--/.test(lines[start - 1] ?? '') && !isInList(lines, start)) {
      for (; i < lines.length && /^ {4}/.test(lines[i]); i++) code.push(lines[i].slice(4));
      i--;
      blocks.push({ kind: 'aside', code: code.join('\n'), line: start + 1, end: i + 1, reason });
    }
    reason = undefined;
  }
  return blocks;
}

/** Whether an indented line continues a list item. */
function isInList(lines, at) {
  for (let i = at - 1; i >= 0; i--) {
    if (lines[i].trim() === '' || /^ {2}/.test(lines[i])) continue;
    return /^[-*] |^\d+\. /.test(lines[i]);
  }
  return false;
}

/** All code of a kind, in order, as one text. */
export const codeOf = (blocks, ...kinds) =>
  blocks
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ code }) => code)
    .join('\n');

/** Whether this machine's Python has what the guides import. */
export const readsInPython = () =>
  spawnSync(python, ['-c', 'import gemmi, h5py, numpy, pandas'], { stdio: 'ignore' }).status === 0;

/**
 * The programs of a guide as { name, code, line }, in order. The first line of a program is a comment that names its
 * file, `// Save as NAME.mjs`, or `// Add to NAME.mjs` where it continues one; another first line is an error.
 */
export function programsOf(blocks) {
  const programs = [];
  for (const { kind, code, line } of blocks) {
    if (kind !== 'js') continue;
    const [, what, name] = /^\/\/ (Save as|Add to) ([\w-]+\.mjs)\b/.exec(code) ?? [];
    const known = programs.find((one) => one.name === name);
    if (what === undefined) throw new Error(`line ${line}: the first line of a program is // Save as NAME.mjs`);
    if ((what === 'Add to') !== (known !== undefined)) throw new Error(`line ${line}: ${what} ${name} is wrong here`);
    if (known) known.code += `\n${code}`;
    else programs.push({ name, code, line });
  }
  return programs;
}

/**
 * The first line of `expected` that `printed` lacks, in order; undefined if it has all of them. `…` stands for any
 * text, and spaces at the ends of lines do not count.
 */
export function missingLine(expected, printed) {
  const found = printed.split('\n').map((line) => line.trim());
  let at = 0;
  for (const line of expected.split('\n')) {
    const wanted = line.trim();
    if (wanted === '') continue;
    const parts = wanted.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const pattern = new RegExp(`^${parts.join('.*')}$`);
    while (at < found.length && !pattern.test(found[at])) at++;
    if (at++ >= found.length) return wanted;
  }
  return undefined;
}
