/** The text that people read in comments and READMEs, and the names that exist in the code. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../processes.js';

export interface Line {
  readonly file: string;
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

const isSource = (file: string): boolean => /\.(ts|mts|mjs|cpp|c|h|cu|cuh|wgsl|py|sh|f90)$/.test(file);
const isMarkdown = (file: string): boolean => file.endsWith('.md');
/** Generated, measured or recorded files, and the files of this test. */
const isLeftOut = (file: string): boolean => /generated\/|benchmarks\/results\/|test\/platform\/words/.test(file);

/** Paths of all tracked files that exist, relative to the repository root. */
export const files: readonly string[] = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((file) => existsSync(join(root, file)));

/** The text of every source file and README, indexed by path. */
export const texts: ReadonlyMap<string, string> = new Map(
  files
    .filter((file) => (isSource(file) || isMarkdown(file)) && !isLeftOut(file))
    .map((file) => [file, readFileSync(join(root, file), 'utf8')]),
);

/** The lines of comments and READMEs. */
export function* commentLines(): Generator<Line> {
  for (const [file, text] of texts) {
    let inBlock = false;
    for (const [i, line] of text.split('\n').entries()) {
      const number = i + 1;
      if (isMarkdown(file)) {
        yield { file, number, text: line };
        continue;
      }
      const opens = !inBlock && /(^|\s)\/\*/.test(line);
      if (inBlock || opens) {
        yield { file, number, text: opens ? line.slice(line.indexOf('/*')) : line };
        inBlock = !line.includes('*/');
        continue;
      }
      const comment = /(?:^|\s)(?:\/\/\/?|#) (.*)$/.exec(line)?.[1];
      if (comment !== undefined) yield { file, number, text: comment };
    }
  }
}

/** Every word of the code without its comments: the names that a comment can refer to. */
export function codeWords(): Set<string> {
  const words = new Set<string>();
  for (const [file, text] of texts) {
    if (!isSource(file)) continue;
    const code = text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/(^|\s)\/\/.*$/gm, ' ');
    for (const [word] of code.matchAll(/[A-Za-z_$][\w$]*/g)) words.add(word);
  }
  return words;
}
