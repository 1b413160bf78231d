/** What tests of the package share: empty folders, projects that have installed it, child processes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject, onTestFinished } from 'vitest';

export * from './processes.js';

function write(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** An empty folder that goes away with the test. */
export function emptyFolder(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  write(folder, files);
  return folder;
}

/** Where the packed package is installed, once for all files, as a user would: installed.ts. */
export const installed: string = inject('installed');

/** A project with these files that has nothing but the packed package; it goes away with `installed`. */
export function projectOf(files: Record<string, string>): string {
  const folder = mkdtempSync(join(installed, 'project-'));
  write(folder, files);
  return folder;
}
