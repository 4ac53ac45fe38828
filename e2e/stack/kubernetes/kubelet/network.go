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

// Runs work inside the given network on a thread of its own, which ends with it: in a user namespace there is no way
// back into the machine's network, and no other work may find itself on a thread that strayed.
func onThreadOf(network *os.File, work func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the runtime ends the thread with the goroutine
		if network != nil {
			if err := unix.Setns(int(network.Fd()), unix.CLONE_NEWNET); err != nil {
				done <- err
				return
			}
		}
		done <- work()
	}()
	return <-done
}

func currentNetwork() string {
	return fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid())
}
