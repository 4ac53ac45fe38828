package main

import (
	"fmt"
	"net"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A network namespace with nothing but loopback and the pod's address: two pods may listen on the same port, as on any
// node. Pods with hostNetwork and those of the host-tools image stay in the machine's network (nil).
func newNetwork(address net.IP) (*os.File, error) {
	var network *os.File
	err := onThreadOf(nil, func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		loopback, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(loopback); err != nil {
			return err
		}
		if err := netlink.AddrAdd(loopback, &netlink.Addr{IPNet: &net.IPNet{IP: address, Mask: net.CIDRMask(32, 32)}}); err != nil {
			return err
		}
		network, err = os.Open(currentNetwork())
		return err
	})
	return network, err
}

func dialInside(network *os.File, port int32) (connection net.Conn, err error) {
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if network == nil {
		return net.Dial("tcp4", address)
	}
	err = onThreadOf(network, func() error {
		connection, err = net.Dial("tcp4", address)
		return err
	})
	return connection, err
}

// Runs work on one thread, inside the given network, and gives the thread back only when it is home again.
func onThreadOf(network *os.File, work func() error) error {
	runtime.LockOSThread()
	home, err := os.Open(currentNetwork())
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	if network != nil {
		if err := unix.Setns(int(network.Fd()), unix.CLONE_NEWNET); err != nil {
			runtime.UnlockOSThread()
			return err
		}
	}
	failure := work()
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("the thread cannot leave the pod's network: %w", err)
	}
	runtime.UnlockOSThread()
	return failure
}

func currentNetwork() string {
	return fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid())
}
