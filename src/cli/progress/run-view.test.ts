import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Condition } from '../../kube/object.ts';
import type { StepState, TaskRun } from '../../tekton/types.ts';
import { viewTaskRun } from './run-view.ts';

function taskRun(condition: Omit<Condition, 'type'>, steps: readonly StepState[] = []): TaskRun {
  const status = { conditions: [{ type: 'Succeeded', ...condition }], steps, completionTime: '2026-01-01T00:00:00Z' };
  return { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata: { name: 'one' }, spec: {}, status };
}

const ended = (exitCode: number, terminationReason: string): StepState => {
  return { name: 's', container: 'step-s', terminated: { exitCode, reason: 'Error' }, terminationReason };
};

describe('viewTaskRun', () => {
  const phaseOf = (status: 'True' | 'False' | 'Unknown', reason: string) =>
    viewTaskRun(taskRun({ status, reason }), []).phase;

  it('tells the ends of a run from each other', () => {
    assert.equal(phaseOf('True', 'Succeeded'), 'succeeded');
    assert.equal(phaseOf('False', 'StepFailed'), 'failed');
    assert.equal(phaseOf('False', 'TaskRunTimeout'), 'failed');
    assert.equal(phaseOf('False', 'TaskRunCancelled'), 'cancelled');
    assert.equal(phaseOf('False', 'EvidenceLost'), 'lost');
    assert.equal(phaseOf('False', 'PodEvicted'), 'lost');
    assert.equal(phaseOf('Unknown', 'Running'), 'running');
    assert.equal(phaseOf('Unknown', 'TaskRunPending'), 'waiting');
  });

  it('takes the word of the verdict for a step, whatever its exit code', () => {
    const stepPhase = (exitCode: number, reason: string) =>
      viewTaskRun(taskRun({ status: 'False' }, [ended(exitCode, reason)]), []).tasks[0]?.steps[0]?.phase;
    assert.equal(stepPhase(0, 'Completed'), 'succeeded');
    assert.equal(stepPhase(3, 'Error'), 'failed');
    assert.equal(stepPhase(3, 'Continued'), 'succeeded');
    assert.equal(stepPhase(137, 'TaskRunCancelled'), 'cancelled');
    assert.equal(stepPhase(137, 'EvidenceLost'), 'lost');
    assert.equal(stepPhase(0, 'EvidenceLost'), 'lost');
  });
});
