import { type ObjectKey, keyText } from '../../kube/object.ts';
import { FindingList } from '../doctor/finding-text.ts';
import { type CliEnvironment, type ServerChoice, exitCodes } from '../environment.ts';
import { paintFor } from '../progress/style.ts';

/** Checks a Repository that was just set up, as `penstock doctor` does. The exit code: 1 when a check failed. */
export async function checkRepository(
  key: ObjectKey,
  command: ServerChoice & { readonly systemNamespace?: string },
  environment: CliEnvironment,
): Promise<number> {
  const { screen } = environment;
  const { systemNamespace, kubeconfig, context } = command;
  const list = new FindingList(paintFor(screen.colour));
  const server = { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) };
  const where = systemNamespace === undefined ? {} : { systemNamespace };
  let failed = 0;
  screen.write('\n');
  await environment.examine({ server, repository: keyText(key), ...where }, (finding) => {
    if (finding.level === 'fail') failed++;
    screen.write(list.text(finding));
  });
  return failed === 0 ? exitCodes.succeeded : exitCodes.failed;
}
