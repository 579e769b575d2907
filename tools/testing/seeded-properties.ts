/** Loaded before a test file that checks properties: every run draws the cases that TEST_SEED leads to. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['TEST_SEED']) });
