/** The task of task.ts on Node, where the native addon copies large blocks. */
import { nativeBlocks } from '../backends/native/blocks.js';
import { benchTask } from './task.js';

export const bench = benchTask(nativeBlocks);
