// @module-tag all: it starts Firefox.
/**
 * One row a kernel on WebGPU in Firefox, whose compiler of shaders is naga and not the Tint of Chromium and Dawn, on a
 * software driver: what naga refuses or computes otherwise would fail in Firefox and Deno alone.
 */
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import * as validate from '../../dist/validate.js';
import { softwareVulkan } from '../../scripts/lib/chromium.mjs';
import { serve } from '../../scripts/lib/serve.mjs';
import { firefoxAbsent, startFirefox } from '../pages/firefox-tab.js';
import { isQuick } from './table.js';

const { VK_ICD_FILENAMES = process.env.VK_ICD_FILENAMES ?? '' } = softwareVulkan() as Record<string, string>;
const absent = firefoxAbsent || (VK_ICD_FILENAMES ? '' : ' (absent: no software driver of Vulkan)');
/** Firefox uses no software driver unless it is told to. */
const preferences = { 'dom.webgpu.enabled': true, 'gfx.webgpu.ignore-blocklist': true };

test.skipIf(absent !== '')(
  `every kernel of WebGPU is compiled and right by naga${absent}`,
  async () => {
    const ids = validate.rows.filter((row) => isQuick(validate, 'webgpu', row)).map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(60);
    const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${value});\n`);
    const [server, firefox] = await Promise.all([
      serve('.'),
      startFirefox(lines.join(''), { VK_ICD_FILENAMES, XDG_RUNTIME_DIR: tmpdir() }),
    ]);
    try {
      await firefox.tab.goto(`${server.url}/blank.html`);
      const told = await firefox.tab.evaluate(`(async () => {
      const [{ validate }, { createContext }] = await Promise.all([import('/dist/validate.js'), import('/dist/index.browser.js')]);
      const { rows } = await validate({ createContext, ids: ${JSON.stringify(ids)}, backends: ['webgpu'], budget: 1e9 });
      return JSON.stringify(rows.map(({ id, outcome, why }) => [id, outcome, why]));
    })()`);
      const rows = JSON.parse(String(told)) as [id: string, outcome: string, why?: string][];
      expect(rows.filter(([, outcome]) => outcome === 'fail' || outcome === 'absent')).toEqual([]);
      expect(rows.filter(([, outcome]) => outcome === 'pass').length).toBeGreaterThan(60);
    } finally {
      await firefox.close();
      await server.close();
    }
  },
  600_000,
);
