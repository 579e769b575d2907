import type { DefinitionProblem } from '../types.ts';

/** A definition cannot be resolved, and trying again would not help: its author has to change something. */
export class ResolutionError extends Error {
  override readonly name = 'ResolutionError';
  readonly code = 'DEFINITION_UNRESOLVED';
  readonly problem: DefinitionProblem;

  constructor(problem: DefinitionProblem) {
    super(problem.message);
    this.problem = problem;
  }
}
