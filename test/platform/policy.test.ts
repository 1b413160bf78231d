// @module-tag all: Chromium.
/** A page whose Content-Security-Policy forbids WebAssembly: every error states it, and which word allows it. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { answerOf } from './site.js';
import { emptyFolder, root } from './support.js';

const app = `
import { createContext } from '/dist/index.browser.js';
import { getLibHandle } from '/dist/ffi.browser.js';
import { Context, defineUdf } from '/dist/udf.browser.js';

const wasm = new URL('/dist/ewald.wasm', location.href);
const udf = defineUdf({ name: 'f', wasm, buffers: { x: { kind: 'nav', dtype: 'f64' } } });
const attempts = {
  async core() {
    const ctx = await createContext({ backend: 'wasm', strict: true });
    return (await (await ctx.pi()).run({ points: 1e6, seed: 1 })).hits;
  },
  async library() {
    const header = { source: 'unsigned ewald_abi_version(void);' };
    const core = await getLibHandle({ header, library: '/dist/ewald.wasm' });
    return core.ewald_abi_version() > 0;
  },
  async udf() {
    const ctx = new Context();
    const scan = ctx.fromMemory(new Uint16Array(8), { navShape: [2], sigShape: [2, 2] });
    return ctx.runUdf(scan, udf);
  },
};
const answers = {};
for (const [name, attempt] of Object.entries(attempts))
  answers[name] = await attempt().then(String, (error) => error.tag + ': ' + error.message);
document.querySelector('output').textContent = JSON.stringify(answers);
`;

async function answersUnder(policy: string): Promise<Record<string, string>> {
  const html = '<!doctype html><meta charset="utf-8"><output></output><script type="module" src="/app.js"></script>';
  const folder = emptyFolder({ 'index.html': html, 'app.js': app });
  symlinkSync(join(root, 'dist'), join(folder, 'dist'));
  return JSON.parse(await answerOf(folder, '', { 'Content-Security-Policy': policy }));
}

test('without wasm-unsafe-eval each error names the policy and the word that is missing', async () => {
  const answers = await answersUnder("default-src 'self'");
  for (const [name, text] of Object.entries(answers))
    expect(text, name).toMatch(/^(Load|Unsupported): .*Content-Security-Policy of this page.*'wasm-unsafe-eval'/s);
});

test('with wasm-unsafe-eval a strict policy is enough for all of them', async () => {
  const { core, library, udf } = await answersUnder("default-src 'self'; script-src 'self' 'wasm-unsafe-eval'");
  expect([core, library]).toEqual(['785537', 'true']);
  // The module is that of another program, which is the only thing wrong with it.
  expect(udf).toMatch(/^Argument: .*wasm module of the UDF f/);
});
