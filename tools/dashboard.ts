/** `npm run dashboard`: writes the Grafana dashboard from tools/dashboard/panels.ts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dashboardPath, dashboardText } from './dashboard/dashboard.ts';

const path = join(import.meta.dirname, '..', dashboardPath);
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, dashboardText());
