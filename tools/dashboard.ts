/** `npm run dashboard`: writes the Grafana dashboard from src/install/dashboard-panels.ts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dashboardPath, dashboardText } from '../src/install/dashboard.ts';

const path = join(import.meta.dirname, '..', dashboardPath);
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, dashboardText());
