#!/usr/bin/python3
"""A system bus of the test's own with a manager on it that speaks org.freedesktop.systemd1, as far as
services go: https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html

    with SystemdBus() as bus: … env DBUS_SYSTEM_BUS_ADDRESS=bus.address … bus.tell("drift nginx.service")

Units (a real dbus-daemon carries the calls; what they do is this file's):
  nginx    active     stops, starts and restarts
  slow     inactive   takes a second to start
  sick     inactive   fails to start
  denied   active     nobody may touch it
  masked   inactive   masked
"""
import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
<allow user="*"/></policy></busconfig>
"""


class SystemdBus:
    """Starts the daemon and the manager; both end with it."""

    def __init__(self):
        self.room = tempfile.mkdtemp()
        self.address = f"unix:path={self.room}/bus"

    def __enter__(self):
        with open(self.room + "/bus.conf", "w") as f:
            f.write(CONFIG % self.room)
        self.daemon = subprocess.Popen(["dbus-daemon", f"--config-file={self.room}/bus.conf", "--nofork"],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        for _ in range(200):
            if os.path.exists(self.room + "/bus"):
                break
            time.sleep(0.05)
        self.manager = subprocess.Popen([sys.executable, __file__, self.address], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if self.manager.stdout.readline() != "ready\n":
            raise RuntimeError("the manager did not start")
        return self

    def tell(self, line):
        self.manager.stdin.write(line + "\n")
        self.manager.stdin.flush()
        assert self.manager.stdout.readline() == "ok\n"

    def calls(self):
        """What was asked to be changed, since the start: ["StopUnit nginx.service", …]."""
        self.manager.stdin.write("calls\n")
        self.manager.stdin.flush()
        return [c for c in self.manager.stdout.readline().rstrip("\n").split("|") if c]

    def __exit__(self, *_):
        for p in (self.manager, self.daemon):
            p.send_signal(signal.SIGTERM)
            p.wait()
        shutil.rmtree(self.room, ignore_errors=True)


def serve(address):
    from dbus_next import BusType, DBusError
    from dbus_next.aio import MessageBus
    from dbus_next.constants import PropertyAccess
    from dbus_next.service import ServiceInterface, dbus_property, method

    calls = []

    class Unit(ServiceInterface):
        def __init__(self, name, state, sub, load="loaded"):
            super().__init__("org.freedesktop.systemd1.Unit")
            self.name_, self.state_, self.sub_, self.load_ = name, state, sub, load
            self.changed_ = time.monotonic_ns() // 1000
            self.path_ = "/org/freedesktop/systemd1/unit/" + name.replace(".", "_2e")

        def move(self, state, sub):
            self.state_, self.sub_, self.changed_ = state, sub, time.monotonic_ns() // 1000

        @dbus_property(access=PropertyAccess.READ)
        def ActiveState(self) -> 's':
            return self.state_

        @dbus_property(access=PropertyAccess.READ)
        def SubState(self) -> 's':
            return self.sub_

        @dbus_property(access=PropertyAccess.READ)
        def LoadState(self) -> 's':
            return self.load_

        @dbus_property(access=PropertyAccess.READ)
        def StateChangeTimestampMonotonic(self) -> 't':
            return self.changed_

        @dbus_property(access=PropertyAccess.READ)
        def ActiveEnterTimestamp(self) -> 't':
            return 1764000000000000

        @dbus_property(access=PropertyAccess.READ)
        def UnitFileState(self) -> 's':
            return "enabled"

        @dbus_property(access=PropertyAccess.READ)
        def FragmentPath(self) -> 's':
            return "/lib/systemd/system/" + self.name_

    class Service(ServiceInterface):
        def __init__(self, pid):
            super().__init__("org.freedesktop.systemd1.Service")
            self.pid_ = pid

        @dbus_property(access=PropertyAccess.READ)
        def MainPID(self) -> 'u':
            return self.pid_

        @dbus_property(access=PropertyAccess.READ)
        def MemoryCurrent(self) -> 't':
            return 12 << 20

        @dbus_property(access=PropertyAccess.READ)
        def TasksCurrent(self) -> 't':
            return 3

        @dbus_property(access=PropertyAccess.READ)
        def CPUUsageNSec(self) -> 't':
            return 2500000000

        @dbus_property(access=PropertyAccess.READ)
        def NRestarts(self) -> 'u':
            return 1

        @dbus_property(access=PropertyAccess.READ)
        def ExecMainStatus(self) -> 'i':
            return 0

        @dbus_property(access=PropertyAccess.READ)
        def User(self) -> 's':
            return "www-data"

    units = {u.name_: u for u in (Unit("nginx.service", "active", "running"),
                                  Unit("slow.service", "inactive", "dead"),
                                  Unit("sick.service", "inactive", "dead"),
                                  Unit("denied.service", "active", "running"),
                                  Unit("masked.service", "inactive", "dead", "masked"))}

    class Manager(ServiceInterface):
        def __init__(self):
            super().__init__("org.freedesktop.systemd1.Manager")

        def find(self, name):
            if name not in units:
                missing = units[name] = Unit(name, "inactive", "dead", "not-found")
                bus.export(missing.path_, missing)
            return units[name]

        def job(self, verb, name, mode):
            calls.append(f"{verb} {name}")
            if mode != "replace":
                raise DBusError("org.freedesktop.DBus.Error.InvalidArgs", "mode")
            if name == "denied.service":
                raise DBusError("org.freedesktop.DBus.Error.AccessDenied", "no")
            return self.find(name)

        @method()
        def LoadUnit(self, name: 's') -> 'o':
            return self.find(name).path_

        @method()
        def StartUnit(self, name: 's', mode: 's') -> 'o':
            return self.start(self.job("StartUnit", name, mode))

        def start(self, unit):
            loop = asyncio.get_running_loop()
            unit.move("activating", "start")
            if unit.name_ == "sick.service":
                loop.call_later(0.3, unit.move, "failed", "failed")
            else:
                loop.call_later(1.0 if unit.name_ == "slow.service" else 0.05, unit.move, "active", "running")
            return "/org/freedesktop/systemd1/job/1"

        @method()
        def StopUnit(self, name: 's', mode: 's') -> 'o':
            unit = self.job("StopUnit", name, mode)
            unit.move("deactivating", "stop-sigterm")
            asyncio.get_running_loop().call_later(0.2, unit.move, "inactive", "dead")
            return "/org/freedesktop/systemd1/job/2"

        @method()
        def RestartUnit(self, name: 's', mode: 's') -> 'o':
            return self.start(self.job("RestartUnit", name, mode))

        @method()
        def ListUnits(self) -> 'a(ssssssouso)':
            return [[u.name_, "a service for tests", u.load_, u.state_, u.sub_, "", u.path_, 0, "", "/"]
                    for u in units.values()]

        @method()
        def ListUnitFiles(self) -> 'a(ss)':
            return [["/lib/systemd/system/" + n, "masked" if n == "masked.service" else "enabled"]
                    for n in ("nginx.service", "slow.service", "sick.service", "denied.service",
                              "masked.service", "never.service", "odd@.service")]

    async def run():
        nonlocal bus
        bus = await MessageBus(bus_address=address, bus_type=BusType.SYSTEM).connect()
        bus.export("/org/freedesktop/systemd1", Manager())
        for i, unit in enumerate(units.values()):
            bus.export(unit.path_, unit)
            bus.export(unit.path_, Service(4000 + i))
        await bus.request_name("org.freedesktop.systemd1")
        print("ready", flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := (await reader.readline()).decode():
            words = line.split()
            if words[0] == "drift":
                units[words[1]].move(units[words[1]].state_, units[words[1]].sub_)
            print("|".join(calls) if words[0] == "calls" else "ok", flush=True)

    bus = None
    asyncio.run(run())


if __name__ == "__main__":
    serve(sys.argv[1])
