/** A release: its changelog, and what a dry run writes. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { changelogOf } from '../../scripts/packages/changelog.mjs';
import { emptyFolder, node, root } from './support.js';

const text =
  '# Changes\n\n## 1.1.0, unreleased\n\n- New.\n\n## 1.0.0, 2026-01-31\n\n- First.\n\n## 0.9.0, 2025-12-31\n\n';

test('the changelog of a version is its section; one without a date is unreleased', () => {
  expect(changelogOf(text, '1.0.0')).toEqual({ changes: '- First.', date: '2026-01-31' });
  expect(changelogOf(text, '1.1.0')).toEqual({ changes: '- New.', date: undefined });
  expect(() => changelogOf(text, '2.0.0')).toThrow(/no section "## 2.0.0, .*its versions: 1.1.0, 1.0.0, 0.9.0/);
  expect(() => changelogOf(text, '0.9.0')).toThrow(/section 0.9.0 .* is empty/);
});

test('a version that cannot be released is refused before anything is built', { tags: 'all' }, async () => {
  const script = 'scripts/release.mjs';
  const unknown = await node([script, '99.0.0', '--no-build']);
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringMatching(/CHANGELOG.md has no section "## 99.0.0,/)]);
  expect((await node([script, 'next'])).code).toBe(2);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const undated = await node([script, version, '--no-build']);
  expect([undated.code, undated.err]).toEqual([1, expect.stringMatching(/has no date|has changes/)]);
});

test('a dry run writes tarballs, checksums, a bill of materials and the provenance', { tags: 'nightly' }, async () => {
  const folder = join(emptyFolder(), 'release');
  const { code, err, out } = await node(['scripts/release.mjs', '--dry-run', '--no-build', '-o', folder], {
    seconds: 280,
  });
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out).toContain('nothing is published');
  const files = readdirSync(folder);
  const tarballs = files.filter((file) => file.endsWith('.tgz'));
  expect(tarballs).toEqual(
    expect.arrayContaining([expect.stringMatching(/^ewald-\d/), expect.stringMatching(/source/)]),
  );
  const sums = readFileSync(join(folder, 'SHA256SUMS'), 'utf8').trim().split('\n');
  expect(sums.map((line) => line.split('  ')[1]).sort()).toEqual(files.filter((file) => file !== 'SHA256SUMS').sort());
  for (const line of sums) {
    const [sum, file = ''] = line.split('  ');
    const content = readFileSync(join(folder, file));
    expect(createHash('sha256').update(content).digest('hex'), file).toBe(sum);
  }
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const bill = read('sbom.cdx.json');
  expect(bill.bomFormat).toBe('CycloneDX');
  const names = bill.components.map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining(['commander', 'emscripten-libc']));
  expect(names).not.toContain('vitest');
  expect(
    read('provenance.json')
      .subject.map(({ name }: { name: string }) => name)
      .sort(),
  ).toEqual(tarballs.sort());
});
