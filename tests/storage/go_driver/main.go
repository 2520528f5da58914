// A CSI driver with the specification's own Go bindings and grpc-go: folders and loop devices of the machine.
package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const name = "machine.test.d8s.io"

type driver struct {
	csi.UnimplementedNodeServer
	registration.UnimplementedRegistrationServer
	socket, data string
}

func main() {
	driver := &driver{socket: os.Args[1], data: os.Args[2]}
	node := grpc.NewServer()
	csi.RegisterNodeServer(node, driver)
	go serve(node, driver.socket)
	registrar := grpc.NewServer()
	registration.RegisterRegistrationServer(registrar, driver)
	serve(registrar, os.Args[3])
}

func serve(server *grpc.Server, socket string) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		panic(err)
	}
	panic(server.Serve(listener))
}

func (d *driver) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type: registration.CSIPlugin, Name: name, Endpoint: d.socket, SupportedVersions: []string{"1.9.0"},
	}, nil
}

func (d *driver) NotifyRegistrationStatus(
	_ context.Context, told *registration.RegistrationStatus,
) (*registration.RegistrationStatusResponse, error) {
	if !told.PluginRegistered {
		panic(told.Error)
	}
	return &registration.RegistrationStatusResponse{}, nil
}

func (d *driver) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	topology := &csi.Topology{Segments: map[string]string{"topology.machine.test/disk": "here"}}
	return &csi.NodeGetInfoResponse{NodeId: "the-machine", MaxVolumesPerNode: 7, AccessibleTopology: topology}, nil
}

func (d *driver) NodeGetCapabilities(
	context.Context, *csi.NodeGetCapabilitiesRequest,
) (*csi.NodeGetCapabilitiesResponse, error) {
	stage := &csi.NodeServiceCapability_RPC{Type: csi.NodeServiceCapability_RPC_STAGE_UNSTAGE_VOLUME}
	return &csi.NodeGetCapabilitiesResponse{Capabilities: []*csi.NodeServiceCapability{
		{Type: &csi.NodeServiceCapability_Rpc{Rpc: stage}},
	}}, nil
}

// Makes the volume's content: a folder, or a file behind a loop device.
func (d *driver) NodeStageVolume(
	_ context.Context, asked *csi.NodeStageVolumeRequest,
) (*csi.NodeStageVolumeResponse, error) {
	if asked.VolumeContext["color"] != "blue" || asked.VolumeCapability.AccessMode == nil {
		return nil, status.Error(codes.InvalidArgument, "what the volume is was not told")
	}
	path := filepath.Join(d.data, asked.VolumeId)
	if asked.VolumeCapability.GetBlock() == nil {
		return &csi.NodeStageVolumeResponse{}, os.MkdirAll(path, 0o777)
	}
	if _, err := os.Stat(path); err == nil {
		return &csi.NodeStageVolumeResponse{}, nil
	}
	return &csi.NodeStageVolumeResponse{}, run("sh", "-c", `truncate -s 8M "$0" && losetup -f "$0"`, path)
}

func (d *driver) NodePublishVolume(
	_ context.Context, asked *csi.NodePublishVolumeRequest,
) (*csi.NodePublishVolumeResponse, error) {
	source := filepath.Join(d.data, asked.VolumeId)
	if asked.VolumeContext["csi.storage.k8s.io/ephemeral"] == "true" {
		if err := os.MkdirAll(source, 0o777); err != nil {
			return nil, err
		}
		text := asked.VolumeContext["csi.storage.k8s.io/pod.name"] + " " + asked.Secrets["word"]
		if err := os.WriteFile(filepath.Join(source, "about"), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	if asked.VolumeCapability.GetBlock() != nil {
		out, err := exec.Command("losetup", "-j", source, "-O", "NAME", "-n").Output()
		if err != nil {
			return nil, err
		}
		source = strings.TrimSpace(string(out))
		if err := os.WriteFile(asked.TargetPath, nil, 0o600); err != nil {
			return nil, err
		}
	} else if err := os.MkdirAll(asked.TargetPath, 0o750); err != nil {
		return nil, err
	}
	return &csi.NodePublishVolumeResponse{}, run("mount", "--bind", source, asked.TargetPath)
}

func (d *driver) NodeUnpublishVolume(
	_ context.Context, asked *csi.NodeUnpublishVolumeRequest,
) (*csi.NodeUnpublishVolumeResponse, error) {
	if _, err := os.Stat(asked.TargetPath); err != nil {
		return &csi.NodeUnpublishVolumeResponse{}, nil
	}
	if err := run("umount", asked.TargetPath); err != nil {
		return nil, err
	}
	return &csi.NodeUnpublishVolumeResponse{}, os.Remove(asked.TargetPath)
}

func (d *driver) NodeUnstageVolume(
	_ context.Context, asked *csi.NodeUnstageVolumeRequest,
) (*csi.NodeUnstageVolumeResponse, error) {
	path := filepath.Join(d.data, asked.VolumeId)
	script := `for loop in $(losetup -j "$0" -O NAME -n); do losetup -d "$loop"; done`
	return &csi.NodeUnstageVolumeResponse{}, run("sh", "-c", script, path)
}

func run(name string, words ...string) error {
	out, err := exec.Command(name, words...).CombinedOutput()
	if err != nil {
		return status.Errorf(codes.Internal, "%s: %s", name, out)
	}
	return nil
}
