// Package postgres runs the private PostgreSQL of Gatehouse's embedded default,
// and the throwaway servers of the tests.
//
// Start makes sure of a cluster in a data folder and runs a server on it: it finds
// the installed binaries (PostgreSQL 15 or newer), runs initdb where the folder is
// empty, takes over from a run that was killed, and returns once the database
// "gatehouse" takes connections. The server listens on a unix socket in a short
// private folder and on a free port of 127.0.0.1, both with a random password.
//
// The data folder holds
//
//	lock              held (flock) by the one process that owns the cluster
//	credentials.json  0600: the passwords, made once
//	connection.json   0600: where the running server listens, for Attach
//	postgres.log      0600: what the server says
//	cluster/          PGDATA, belongs to the user the server runs as
//	cluster.path      only where the cluster had to live elsewhere: its base folder
//
// PostgreSQL refuses to run as root. A root process therefore runs it as the owner
// of the cluster; a new cluster goes to the user postgres, else nobody. Where that
// user cannot reach the data folder, the cluster is put into /var/lib (or /var/tmp),
// which is logged and remembered in cluster.path.
//
// The server ends with us: Stop ends it, and on Linux the kernel tells it to shut
// down when our process dies (PR_SET_PDEATHSIG). Clients get an ordinary role that
// owns its databases and may create more, not the superuser, as on a hosted server.
//
// The package builds for Linux, macOS and FreeBSD.
package postgres
