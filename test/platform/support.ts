/** Helpers for tests of the package: empty folders, projects in which it is installed, child processes. */
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

/** An empty folder that is removed after the test. */
export function emptyFolder(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  write(folder, files);
  return folder;
}

/** The folder in which the packed package is installed as a user would, once for all files: installed.ts. */
export const installed: string = inject('installed');

/**
 * A project with these files in which only the packed package is installed; it is removed together with `installed`.
 */
export function projectOf(files: Record<string, string>): string {
  const folder = mkdtempSync(join(installed, 'project-'));
  write(folder, files);
  return folder;
}
