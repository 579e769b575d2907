import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TaskSpec } from '../types.ts';
import { mismatches, step, task, type Case } from './case-table.ts';
import type { Problem } from './causes.ts';
import { validateTaskSpec } from './task.ts';

/** One test for each case: `validate` complains about just what the case says. */
function table<T>(cases: readonly Case<T>[], validate: (spec: T) => readonly Problem[]): void {
  for (const [title, spec, ...complaints] of cases) {
    it(title, () => assert.deepEqual(mismatches(validate(spec), complaints), []));
  }
}

describe('a Task is refused', () => {
  table<TaskSpec>(
    [
      ['without steps', {}, /^spec\.steps: a task has at least one step/],
      [
        'with steps of one name',
        {
          steps: [
            { name: 'a', ...step },
            { name: 'a', ...step },
          ],
        },
        /^spec\.steps\[1\]\.name: "a" is also the name of spec\.steps\[0\]/,
      ],
      [
        'with a step whose name is no label',
        { steps: [{ name: 'Build_It', ...step }] },
        /^spec\.steps\[0\]\.name: "Build_It" must consist/,
      ],
      ['with a step without image', { steps: [{ script: 'true' }] }, /^spec\.steps\[0\]\.image: a step needs an image/],
      [
        'with a script and a command',
        { steps: [{ ...step, command: ['a'] }] },
        /^spec\.steps\[0\]\.command: script cannot be used with command/,
      ],
      [
        'with an unknown onError',
        { steps: [{ ...step, onError: 'ignore' }] },
        /^spec\.steps\[0\]\.onError: invalid value: "ignore"; valid values are continue, stopAndFail/,
      ],
      [
        'with a timeout that is none',
        { steps: [{ ...step, timeout: '5 minutes' }] },
        /^spec\.steps\[0\]\.timeout: "5 minutes" is not a duration/,
      ],
      [
        'with a negative timeout',
        { steps: [{ ...step, timeout: '-5m' }] },
        /^spec\.steps\[0\]\.timeout: -5m should be >= 0/,
      ],
      [
        'with a ref and an image',
        { steps: [{ ref: { name: 'a' }, image: 'b' }] },
        /^spec\.steps\[0\]\.image: a step with ref takes its image from the StepAction/,
      ],
      [
        'with params of a step without ref',
        { steps: [{ ...step, params: [{ name: 'a', value: 'b' }] }] },
        /^spec\.steps\[0\]\.params: only a step with ref/,
      ],
      [
        'with a mount among Tekton’s own',
        { steps: [{ ...step, volumeMounts: [{ name: 'v', mountPath: '/tekton/results' }] }] },
        /volumeMounts\[0\]\.mountPath: volumeMount cannot be mounted under \/tekton\//,
      ],
      [
        'with two mounts at one path',
        {
          steps: [
            {
              ...step,
              volumeMounts: [
                { name: 'v', mountPath: '/a' },
                { name: 'w', mountPath: '/a' },
              ],
            },
          ],
        },
        /volumeMounts\[1\]\.mountPath: "\/a" is also the mountPath/,
      ],
      [
        'with volumes of one name',
        task({
          volumes: [
            { name: 'v', emptyDir: {} },
            { name: 'v', emptyDir: {} },
          ],
        }),
        /^spec\.volumes\[1\]\.name: "v" is also/,
      ],
      [
        'with a volume of two sources',
        task({ volumes: [{ name: 'v', emptyDir: {}, configMap: { name: 'c' } }] }),
        /^spec\.volumes\[0\]: volume "v" can have one source only, not emptyDir and configMap/,
      ],
      [
        'with a volume of a reserved name',
        task({ volumes: [{ name: 'tekton-internal-x', emptyDir: {} }] }),
        /^spec\.volumes\[0\]\.name: .* cannot start with/,
      ],
      [
        'with workspaces at one path',
        task({ workspaces: [{ name: 'a' }, { name: 'b', mountPath: '/workspace/a/' }] }),
        /^spec\.workspaces\[1\]\.mountPath: "\/workspace\/a" is also where workspace "a" is mounted/,
      ],
      [
        'with a workspace where a volume is mounted',
        { workspaces: [{ name: 'a' }], steps: [{ ...step, volumeMounts: [{ name: 'v', mountPath: '/workspace/a' }] }] },
        /^spec\.workspaces\[0\]\.mountPath: .* volume "v"/,
      ],
      [
        'with workspaces of one name',
        task({ workspaces: [{ name: 'a' }, { name: 'a', mountPath: '/b' }] }),
        /^spec\.workspaces\[1\]\.name: "a" is also/,
      ],
      [
        'with a result whose name is no file name',
        task({ results: [{ name: '../x' }] }),
        /^spec\.results\[0\]\.name: "\.\.\/x" must consist/,
      ],
      [
        'with results of one name',
        task({ results: [{ name: 'a' }, { name: 'a' }] }),
        /^spec\.results\[1\]\.name: "a" is also/,
      ],
      [
        'with an object result without keys',
        task({ results: [{ name: 'a', type: 'object' }] }),
        /^spec\.results\[0\]\.properties: .* list its keys/,
      ],
      [
        'with a result from a step that is not there',
        task({ results: [{ name: 'a', value: '$(steps.b.results.c)' }] }),
        /^spec\.results\[0\]\.value: there is no step "b"/,
      ],
      [
        'with a result from anything else',
        task({ results: [{ name: 'a', value: 'x' }] }),
        /^spec\.results\[0\]\.value: the value of a result is one result of a step/,
      ],
      [
        'with params of one name',
        task({ params: [{ name: 'a' }, { name: 'a' }] }),
        /^spec\.params\[1\]\.name: "a" is also/,
      ],
      [
        'with a param whose name cannot be',
        task({ params: [{ name: '1a' }] }),
        /^spec\.params\[0\]\.name: "1a" must consist/,
      ],
      [
        'with a dot in the name of an object',
        task({ params: [{ name: 'a.b', properties: { k: {} } }] }),
        /^spec\.params\[0\]\.name: "a\.b"/,
      ],
      [
        'with a dot in a key',
        task({ params: [{ name: 'a', properties: { 'k.l': {} } }] }),
        /^spec\.params\[0\]\.properties\.k\.l: "k\.l"/,
      ],
      [
        'with a default of another type',
        task({ params: [{ name: 'a', type: 'array', default: 'x' }] }),
        /^spec\.params\[0\]\.default: "a" is of type array, but its default is of type string/,
      ],
      [
        'with an object without keys',
        task({ params: [{ name: 'a', type: 'object' }] }),
        /^spec\.params\[0\]\.properties: "a" is of type object/,
      ],
      [
        'with a key that is no text',
        task({ params: [{ name: 'a', properties: { k: { type: 'array' as 'string' } } }] }),
        /^spec\.params\[0\]\.properties\.k\.type: the type of a key is string/,
      ],
      [
        'with an enum of a list',
        task({ params: [{ name: 'a', type: 'array', enum: ['x'] }] }),
        /^spec\.params\[0\]\.enum: only a param of type string/,
      ],
      [
        'with a default outside the enum',
        task({ params: [{ name: 'a', enum: ['x'], default: 'y' }] }),
        /^spec\.params\[0\]\.default: "y" is none of the values/,
      ],
      [
        'with an enum that repeats itself',
        task({ params: [{ name: 'a', enum: ['x', 'x'] }] }),
        /^spec\.params\[0\]\.enum\[1\]: "x" stands in the enum already/,
      ],
      [
        'with an undeclared param in a script',
        { steps: [{ ...step, script: 'echo $(params.a) $(params["b"])' }] },
        /^spec\.steps\[0\]\.script: \$\(params\.a\): there is no param "a"; declare it in spec\.params/,
        /\$\(params\["b"\]\): there is no param "b"/,
      ],
      [
        'with an undeclared param in env',
        { steps: [{ ...step, env: [{ name: 'A', value: '$(inputs.params.a)' }] }] },
        /^spec\.steps\[0\]\.env\[0\]\.value: .* no param "a"/,
      ],
      [
        'with an undeclared param in a volume',
        task({ volumes: [{ name: 'v', secret: { secretName: '$(params.s)' } }] }),
        /^spec\.volumes\[0\]\.secret\.secretName: /,
      ],
      [
        'with an undeclared param in the template',
        task({ stepTemplate: { image: '$(params.i)' } }),
        /^spec\.stepTemplate\.image: /,
      ],
      [
        'with a list in a script',
        task({ params: [{ name: 'l', type: 'array' }], steps: [{ ...step, script: '$(params.l[*])' }] }),
        /^spec\.steps\[0\]\.script: .* "l" is a list, and only a text fits here/,
      ],
      [
        'with a list inside an argument',
        task({
          params: [{ name: 'l', type: 'array' }],
          steps: [{ image: 'a', args: ['-x=$(params.l[*])', '$(params.l)'] }],
        }),
        /^spec\.steps\[0\]\.args\[0\]: .* must stand alone/,
      ],
      [
        'with a whole object',
        task({
          params: [{ name: 'o', properties: { k: {} } }],
          steps: [{ image: 'a', args: ['$(params.o[*])', '$(params.o.k)'] }],
        }),
        /^spec\.steps\[0\]\.args\[0\]: .* is an object/,
      ],
      [
        'with a key that is not there',
        task({ params: [{ name: 'o', properties: { k: {} } }], steps: [{ ...step, script: '$(params.o.x)' }] }),
        /param "o" has no key "x"/,
      ],
      [
        'with an element of a text',
        task({ params: [{ name: 's' }], steps: [{ ...step, script: '$(params.s[0])' }] }),
        /param "s" is of type string and has no elements/,
      ],
      [
        'with the path of an undeclared result',
        { steps: [{ ...step, script: 'echo > $(results.r.path)' }] },
        /\$\(results\.r\.path\): the task declares no result "r"/,
      ],
      [
        'with an undeclared workspace',
        { steps: [{ ...step, script: 'ls $(workspaces.w.path)' }] },
        /\$\(workspaces\.w\.path\): there is no workspace "w"/,
      ],
      [
        'with a workspace that a step does not have',
        { steps: [{ ...step, workspaces: [{ name: 'w' }] }] },
        /^spec\.steps\[0\]\.workspaces\[0\]\.name: there is no workspace "w"/,
      ],
      [
        'with a context that does not exist',
        { steps: [{ ...step, script: '$(context.taskRun.age)' }] },
        /there is no such context; a task knows context\.taskRun\.name/,
      ],
      [
        'with a result of a step that is not there',
        { steps: [{ image: 'a', args: ['$(steps.b.results.c)'] }] },
        /there is no step "b"/,
      ],
    ],
    (spec) => validateTaskSpec(spec),
  );
});

describe('a Task is not refused', () => {
  table<TaskSpec>(
    [
      [
        'for command substitutions of the shell',
        { steps: [{ ...step, script: 'a=$(date) b=$(params) c=$(tasks.sh) d=$(context.task2.x) $(results)' }] },
      ],
      [
        'for what stands in a description',
        task({ description: '$(params.none)', params: [{ name: 'a', description: '$(params.none)' }] }),
      ],
      ['for an image of the template', { stepTemplate: { image: 'a' }, steps: [{ script: 'true' }] }],
      [
        'for a mount in the home directory',
        { steps: [{ ...step, volumeMounts: [{ name: 'v', mountPath: '/tekton/home' }] }] },
      ],
      [
        'for a dotted name in brackets',
        task({ params: [{ name: 'a.b' }], steps: [{ ...step, script: `$(params['a.b']) $(params.a.b)` }] }),
      ],
      [
        'for lists alone, elements and keys',
        task({
          params: [
            { name: 'l', type: 'array' },
            { name: 'o', properties: { k: {} } },
          ],
          steps: [{ image: 'a', command: ['x', '$(params.l[*])'], args: ['$(params.l[0])-$(params.o.k)'] }],
        }),
      ],
    ],
    (spec) => validateTaskSpec(spec),
  );
});
