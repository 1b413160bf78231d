/** Disposal continues after a child fails, and reports all failures. */
import { expect, it } from 'vitest';
import { EwaldError } from '../../dist/index.node.js';
import { Resource } from '../../src/util/resource.js';

it('disposes every child and the parent even if one of them fails', async () => {
  const done: string[] = [];
  const parent = new Resource('context', undefined, { dispose: () => void done.push('parent') });
  const child = (name: string, error?: Error): Resource =>
    new Resource(name, parent, {
      dispose() {
        done.push(name);
        if (error) throw error;
      },
    });
  child('a', new EwaldError('DeviceLost', 'the card is gone'));
  child('b');
  child('c', new TypeError('no such luck'));
  const error = await parent.dispose().catch((thrown: unknown) => thrown);
  expect(done).toEqual(['a', 'b', 'c', 'parent']);
  expect(error).toMatchObject({ tag: 'DeviceLost' });
  expect((error as Error).message).toContain('2 parts of this context');
  expect((error as Error).message).toContain('no such luck');
});

it('throws the error of the only one that failed', async () => {
  const parent = new Resource('context', undefined, { dispose: () => {} });
  const error = new EwaldError('DeviceLost', 'the card is gone');
  new Resource('plan', parent, { dispose: () => Promise.reject(error) });
  await expect(parent.dispose()).rejects.toBe(error);
});
