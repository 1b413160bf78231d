// @module-tag all: Chromium.
/**
 * Redirects in a page: followed without headers, refused with headers, because a page cannot find out where they lead.
 */
import { expect, test } from 'vitest';
import { httpSource } from '../../dist/data.browser.js';

const at = (path: string): string => new URL(`/redirecting/${path}`, location.href).href;
const keys = async (): Promise<string> => (await fetch(at('keys'))).text();

test('reads a redirected address if no headers were given', async () => {
  const source = await httpSource(at('from'), { retries: 0 });
  expect(new TextDecoder().decode(await source.read(3, 4))).toBe('3456');
});

test('refuses a redirect of a request with headers, and the headers are not sent to the new address', async () => {
  const before = await keys();
  await expect(httpSource(at('from'), { retries: 0, headers: { 'X-Api-Key': 'secret' } })).rejects.toThrow(
    /a browser does not reveal where to/,
  );
  expect(await keys()).toBe(before);
  await httpSource(at('to'), { retries: 0, headers: { 'X-Api-Key': 'secret' } });
  expect(await keys()).toBe(String(Number(before) + 1));
});
