import { Command, CommanderError } from 'commander';
import { CliError } from './client/cli-error.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand } from './commands/backup.ts';
import { deployCommand } from './commands/deploy.ts';
import { doctorCommand } from './commands/doctor.ts';
import { explainCommand } from './commands/explain.ts';
import { dlqCommand } from './commands/dlq.ts';
import { gcCommand } from './commands/gc.ts';
import { harvestCommand } from './commands/harvest.ts';
import { importCommand } from './commands/import.ts';
import { migrateCommand } from './commands/migrate.ts';
import { executorsCommand, maintenanceCommand } from './commands/executors.ts';
import { describeCommand, processesCommand, undeployCommand } from './commands/processes.ts';
import { openCommand } from './commands/open.ts';
import { quotaCommand } from './commands/quota.ts';
import { resumeCommand } from './commands/resume.ts';
import { deleteCommand } from './commands/delete.ts';
import { retentionCommand } from './commands/retention.ts';
import { webhookCommand } from './commands/webhook.ts';
import { restoreCommand } from './commands/restore.ts';
import { runCommand } from './commands/run.ts';
import { psCommand } from './commands/ps.ts';
import { cancelCommand, eventsCommand, logsCommand, resultsCommand } from './commands/runs.ts';
import { systemTestCommand } from './commands/system-test.ts';
import { templateCommand } from './commands/template.ts';
import { tokenCommand } from './commands/token.ts';
import { triggerCommand } from './commands/trigger.ts';
import { upCommand } from './commands/up.ts';
import { upgradeCheckCommand } from './commands/upgrade-check.ts';
import { uploadCommand } from './commands/upload.ts';
import { usageCommand } from './commands/usage.ts';
import { watchCommand } from './commands/watch.ts';
import { workspaceCommand } from './commands/workspace/index.ts';

/** As `runnel --help` lists them. */
const commands: Record<string, readonly ((program: Command) => void)[]> = {
  'Start:': [upCommand, tokenCommand, doctorCommand],
  'Workflows:': [deployCommand, processesCommand, describeCommand, templateCommand, undeployCommand, uploadCommand, importCommand],
  'Runs:': [
    runCommand,
    watchCommand,
    psCommand,
    explainCommand,
    logsCommand,
    eventsCommand,
    resultsCommand,
    cancelCommand,
    resumeCommand,
    deleteCommand,
    openCommand,
  ],
  'Runs that start by themselves:': [triggerCommand, harvestCommand, webhookCommand],
  'Workspaces:': [workspaceCommand, quotaCommand, usageCommand, retentionCommand],
  'Operation:': [
    executorsCommand,
    maintenanceCommand,
    dlqCommand,
    gcCommand,
    auditCommand,
    backupCommand,
    restoreCommand,
    migrateCommand,
    upgradeCheckCommand,
    systemTestCommand,
  ],
};

function program(): Command {
  const runnel = new Command('runnel')
    .description('Runs CWL workflows for many tenants: deploy, execute, watch, get results.')
    .version('0.1.0')
    .showHelpAfterError('(add --help for the options and an example)')
    .exitOverride()
    .addHelpCommand(new Command('help').argument('[command]').description('show the help of a command').helpGroup('Start:'))
    .addHelpText(
      'after',
      '\nStart here:\n  runnel up --data ./data --port 8080\n  export RUNNEL_TOKEN=$(runnel token create --data ./data --workspace demo)\n  runnel deploy examples/greeting/app.cwl\n  runnel run greeting examples/greeting/inputs.json',
    );
  for (const [heading, group] of Object.entries(commands)) {
    runnel.commandsGroup(heading);
    for (const add of group) add(runnel);
  }
  for (const command of runnel.commands) command.exitOverride().showHelpAfterError('(add --help for the options and an example)');
  return runnel;
}

// Whoever reads what we print may have seen enough: `runnel ps | head`.
process.stdout.on('error', (error) => {
  process.exit(report(error));
});

try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Prints what went wrong and what to do next; a bug keeps its stack. Returns the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  if (error instanceof CliError) {
    console.error(`runnel: ${error.message}${error.hint === undefined ? '' : `\n  ${error.hint}`}`);
    return error.exitCode;
  }
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return 0;
  console.error(error);
  return 70;
}
