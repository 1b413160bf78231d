/** The marks of a run in its chart over time. */
import { expect, test } from 'vitest';
import { LiveHistory } from '../../src/whole/serving/live-history.js';

test.for([
  ['tcp://10.0.0.1:5002: the connection was interrupted; the run waits for it', 'the connection was interrupted;'],
  ['tcp://10.0.0.1:5002 is connected again', 'is connected again'],
  ['run.h5: 3 frames lost', 'run.h5: 3 frames lost'],
])('the mark of the warning "%s" begins with what happened', ([text = '', words = '']) => {
  const history = new LiveHistory({ now: () => 1000, count: () => 0, status: () => [] });
  history.happened({ kind: 'warning', text });
  expect(history.since(0)).toEqual([
    expect.objectContaining({ isFault: true, text: expect.stringMatching(`^${words}`) }),
  ]);
});
