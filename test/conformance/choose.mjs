#!/usr/bin/env node
/**
 * Chooses the rows that the first tier runs on WebGPU and on emulated CUDA, and writes them with their reasons to
 * first-tier.json: `node test/conformance/choose.mjs`, after a build. first-tier.test.ts says when that is due.
 *
 * A row is chosen for the features of features.mjs that no cheaper choice shows. On WebGPU these are also the lines of
 * the kernels that are generated for transforms; nothing is compiled for it.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createContext } from '../../dist/index.node.js';
import { matches, rows } from '../../dist/validate.js';
import { softwareVulkan } from '../../scripts/lib/chromium.mjs';
import { cover, linesOf, runsOn, wordsOf } from './features.mjs';
import { mutants } from './mutants.mjs';

/** The sources of the kernels that the plan of each transform asks WebGPU for, by the id of its row. */
export async function kernelsOfTransforms() {
  Object.assign(process.env, softwareVulkan());
  const { globals } = await import('webgpu');
  const context = await createContext({ backend: 'webgpu', strict: true, log: { level: 'error' } });
  const device = globals.GPUDevice.prototype;
  const { createShaderModule, createComputePipelineAsync } = device;
  const kernels = new Map();
  const table = rows.filter((row) => row.id.startsWith('fft:') && runsOn('webgpu', row));
  try {
    // The device looks at itself before its first plan.
    const [first] = table;
    await (await first.plan(context, first.make(1))).dispose();
    const sources = new WeakMap();
    let asked = [];
    device.createShaderModule = ({ code }) => {
      const module = { getCompilationInfo: async () => ({ messages: [] }) };
      sources.set(module, code);
      return module;
    };
    // Refused ones are not kept, so that the next plan asks again.
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

/** The rows of a backend that may be chosen, with what each shows and what it costs, in seconds or so. */
export function candidates(backend, kernels = new Map()) {
  return rows
    .filter((row) => runsOn(backend, row))
    .map((row) => {
      const sources = kernels.get(row.id) ?? [];
      const compiled = sources.reduce((sum, source) => sum + source.length, 0) / 20_000;
      return { id: row.id, features: [...wordsOf(row), ...linesOf(sources)], cost: 0.05 + 10 * row.cost + compiled };
    });
}

/** Rows that have shown a mistake on a backend stay: those by which its mutants are seen. */
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
      // An emulated card has the lines of no kernel to show, but a transform cuts its lengths alike there.
      const one = { ...cover(candidates(backend, kernels)), ...caught(backend) };
      return [backend, Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))];
    }),
  );
  const path = fileURLToPath(new URL('first-tier.json', import.meta.url));
  writeFileSync(path, `${JSON.stringify(chosen, null, 2)}\n`);
  for (const [backend, ids] of Object.entries(chosen)) console.log(`${backend}: ${Object.keys(ids).length} rows`);
  process.exit(0);
}
