/** The systemd unit of the daemon. `npm run build:agent` writes it beside the program, `install` puts it in place. */

export const unitName = "rackwright-agent.service";

/** Longer than any command may run: on `systemctl stop` what runs may end (R59). */
const stopSeconds = 900;

export const unit = (program: string, stateDir: string): string => `[Unit]
Description=Rackwright agent: power and images of this lab
Wants=network-online.target
After=network-online.target time-sync.target amazon-ssm-agent.service

[Service]
ExecStart=${program} serve
Restart=always
RestartSec=2
# The daemon is told to stop and lets what runs end; whatever is left after that goes with it.
KillMode=mixed
TimeoutStopSec=${stopSeconds}
UMask=0077
# The SSM agent keeps the credentials of the hybrid activation here.
Environment=HOME=/root
ProtectSystem=strict
ReadWritePaths=${stateDir}
ProtectHome=read-only
PrivateTmp=yes
NoNewPrivileges=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictSUIDSGID=yes

[Install]
WantedBy=multi-user.target
`;
