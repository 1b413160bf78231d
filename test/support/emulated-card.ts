/** The emulated CUDA addon and the setup of its tests. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createContext } from 'ewald';
import { expect, test } from 'vitest';

/** Functions that configure the emulated card and report what it has done. */
export interface EmulatedCard {
  setMode(mode: {
    checked?: boolean;
    orders?: number;
    seed?: number;
    strictOrders?: boolean;
    banks?: boolean;
    ordered?: boolean;
  }): void;
  setCard(card: {
    memoryBytes?: number;
    multiprocessors?: number;
    l2Bytes?: number;
    /** In kHz and bits, as the driver reports them; 0 if it does not know. */
    memoryClock?: number;
    memoryBus?: number;
    watchdog?: boolean;
    loseAfterLaunches?: number;
  }): void;
  takeReports(): { finding: string; kernel: string; text: string }[];
}

const path = fileURLToPath(new URL('../../build/cuda-emulated/ewald_cuda_emulated.node', import.meta.url));
export const present = existsSync(path);
const required = (process.env.EWALD_REQUIRE ?? '').split(',').includes('cuda-emulated');

/** The addon; undefined if it is not `present`. */
export const loadAddon = <Addon extends EmulatedCard>(): Addon =>
  present ? createRequire(import.meta.url)(path) : (undefined as never);

export const onCard = () => createContext({ backend: 'cuda-emulated', strict: true, log: { level: 'error' } });

/** Registers a test that fails if the addon is required and missing. */
export function testThatItWasBuilt(): void {
  test.runIf(required)('the emulated addon was built', () => {
    expect(present, `${path} is missing: node scripts/build.mjs cuda-emulated`).toBe(true);
  });
}

/** Resets the card to its defaults. */
export function resetCard(addon: EmulatedCard): void {
  addon.setCard({});
  addon.setMode({});
}
