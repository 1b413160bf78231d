#!/usr/bin/env node
/**
 * Selects the rows that the first tier runs on WebGPU and on emulated CUDA, and writes them with the reason for each to
 * first-tier.json: `node test/conformance/choose.mjs`, after a build. first-tier.test.ts fails when this is due.
 *
 * A row is selected for the features of features.mjs that no cheaper selected row covers. On WebGPU the lines of the
 * generated transform kernels are features as well; nothing is compiled to find them.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createContext } from '../../dist/index.node.js';
import { matches, rows } from '../../dist/validate.js';
import { softwareVulkan } from '../../scripts/lib/chromium.mjs';
import { cover, linesOf, runsOn, wordsOf } from './features.mjs';
import { mutants } from './mutants.mjs';

/** The kernel sources that the plan of each transform creates on WebGPU, by the id of its row. */
export async function kernelsOfTransforms() {
  Object.assign(process.env, softwareVulkan());
  const { globals } = await import('webgpu');
  const context = await createContext({ backend: 'webgpu', strict: true, log: { level: 'error' } });
  const device = globals.GPUDevice.prototype;
  const { createShaderModule, createComputePipelineAsync } = device;
  const kernels = new Map();
  const table = rows.filter((row) => row.id.startsWith('fft:') && runsOn('webgpu', row));
  try {
    // The device runs its self-test before its first plan.
    const [first] = table;
    await (await first.plan(context, first.make(1))).dispose();
    const sources = new WeakMap();
    let asked = [];
    device.createShaderModule = ({ code }) => {
      const module = { getCompilationInfo: async () => ({ messages: [] }) };
      sources.set(module, code);
      return module;
    };
    // Refused plans are not cached, so the next plan tries again.
    device.createComputePipelineAsync = async ({ compute }) => {
      asked.push(sources.get(compute.module));
      throw new Error('only looked at');
    };
    for (const row of table) {
      asked = [];
      const plan = async () => {
        const subject = await row.plan(context, row.make(1));
        await subject.run().finally(() => subject.dispose());
      };
      await plan().catch(() => undefined);
      kernels.set(row.id, asked);
    }
  } finally {
    Object.assign(device, { createShaderModule, createComputePipelineAsync });
    await context.dispose();
  }
  return kernels;
}

/** The candidate rows of a backend, with the features of each and its approximate cost in seconds. */
export function candidates(backend, kernels = new Map()) {
  return rows
    .filter((row) => runsOn(backend, row))
    .map((row) => {
      const sources = kernels.get(row.id) ?? [];
      const compiled = sources.reduce((sum, source) => sum + source.length, 0) / 20_000;
      return { id: row.id, features: [...wordsOf(row), ...linesOf(sources)], cost: 0.05 + 10 * row.cost + compiled };
    });
}

/** Rows that catch a mutant of a backend are always kept. */
export function caught(backend) {
  const lanes = { webgpu: 'webgpu', 'cuda-emulated': 'cuda' };
  const found = {};
  for (const { name, ids } of mutants.filter((mutant) => mutant.on === lanes[backend]))
    for (const { id } of rows.filter((row) => ids.some((pattern) => matches(row.id, pattern))))
      found[id] = `mutant ${name}`;
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kernels = await kernelsOfTransforms();
  const chosen = Object.fromEntries(
    ['webgpu', 'cuda-emulated'].map((backend) => {
      // An emulated card has no generated kernel lines, but its transforms divide lengths in the same way.
      const one = { ...cover(candidates(backend, kernels)), ...caught(backend) };
      return [backend, Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))];
    }),
  );
  const path = fileURLToPath(new URL('first-tier.json', import.meta.url));
  writeFileSync(path, `${JSON.stringify(chosen, null, 2)}\n`);
  for (const [backend, ids] of Object.entries(chosen)) console.log(`${backend}: ${Object.keys(ids).length} rows`);
  process.exit(0);
}
