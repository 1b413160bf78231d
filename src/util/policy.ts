/** WebAssembly that a page's Content-Security-Policy forbids. */
import { messageOf } from './errors.js';

/** Why a module was not compiled or started: the policy of the page, which each browser reports in its own words. */
export function wasmRefusal(cause: unknown): string | undefined {
  const message = messageOf(cause);
  return /content.security.policy|\bCSP\b|unsafe-eval/i.test(message)
    ? `the Content-Security-Policy of this page forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src ` +
        `(${message})`
    : undefined;
}
